/**
 * Layers: decompressed, merged to one tree, written as one squashfs. Knows nothing of registries or
 * of where things are kept. Internal to the room.
 */
package dev.carafe.image.layer;
