package dev.carafe.image.source;

import dev.carafe.image.Progress;
import dev.carafe.image.layer.Limits;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.WorkDirectory;

/** What a source needs to bring an image in. */
public record Intake(
    WorkDirectory work, Blobs blobs, Limits limits, Platform platform, Progress progress) {}
