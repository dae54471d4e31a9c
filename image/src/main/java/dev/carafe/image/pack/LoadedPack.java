package dev.carafe.image.pack;

import dev.carafe.image.Image;

/** A pack's image, now in the store, and the manifest that says how a machine of it starts. */
public record LoadedPack(Image image, PackManifest manifest) {}
