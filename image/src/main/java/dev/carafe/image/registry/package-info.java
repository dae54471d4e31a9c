/**
 * Registries: the read side of the OCI distribution protocol. Knows how to ask a registry for
 * manifests and blobs, and nothing of what they mean. Internal to the room.
 */
package dev.carafe.image.registry;
