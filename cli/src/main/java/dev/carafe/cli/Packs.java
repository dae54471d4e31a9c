package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.Progress;
import dev.carafe.image.pack.LoadedPack;
import dev.carafe.image.pack.PackDefaults;
import dev.carafe.image.pack.PackInfo;
import java.nio.file.Path;

/** What the command line needs of {@code .smolmachine} files; see the class in the image room. */
interface Packs {
  /** Returns the pack, {@code output.smolmachine}. */
  Path create(Image image, PackDefaults defaults, Path output, Progress progress);

  PackInfo inspect(Path pack);

  LoadedPack load(Path pack, Progress progress);
}
