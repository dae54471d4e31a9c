/**
 * Sources: the transports a reference may name, and how each brings an image's manifest,
 * configuration and layers into the store. Knows nothing of squashfs or of names. Internal to the
 * room.
 */
package dev.carafe.image.source;
