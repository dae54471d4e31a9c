/**
 * Layers: read from hostile archives, merged to one tree, written as one squashfs. Knows nothing of
 * registries or of where things are kept. Internal to the room.
 *
 * <p>Names inside archives are bytes. Here they are strings of which each character is one byte
 * (ISO 8859-1), so that no name is changed by decoding it; {@link dev.carafe.image.layer.TarPath}
 * makes them readable for messages.
 */
package dev.carafe.image.layer;
