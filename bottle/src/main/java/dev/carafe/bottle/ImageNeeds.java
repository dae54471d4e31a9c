package dev.carafe.bottle;

import dev.carafe.image.Image;
import dev.carafe.image.ImageException;
import dev.carafe.image.ImageGlance;
import dev.carafe.image.ImageStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a bottle needs of an image that somebody has named, as far as it can be seen before there is
 * a machine. What cannot be seen is found by the launch.
 */
final class ImageNeeds {
  private static final String USERS = "/etc/passwd";
  private static final String SHELL = "/bin/sh";

  /** Where the shell is when {@code /bin} is a link, as in most images. */
  private static final String MERGED_SHELL = "/usr/bin/sh";

  private ImageNeeds() {}

  /** What the image lacks, a sentence each; nothing if it is not in the store. */
  static List<String> problems(ImageStore images, String reference) {
    Optional<Image> image = images.findCurrent(reference);
    if (image.isEmpty()) {
      return List.of();
    }
    ImageGlance glance;
    try {
      glance = ImageGlance.of(images, image.get(), Set.of(USERS, SHELL, MERGED_SHELL));
    } catch (ImageException e) {
      // Whether it can be used is found when it is.
      return List.of();
    }
    List<String> problems = new ArrayList<>();
    if (!glance.has(SHELL) && !glance.has(MERGED_SHELL)) {
      problems.add(
          "the image '"
              + reference
              + "' has no shell at /bin/sh, without which nothing can be set up in it; use one that"
              + " has");
    }
    if (!hasUser(glance)) {
      problems.add(
          "the image '"
              + reference
              + "' has no user '"
              + Bottle.USER
              + "', which agents work as; add one to it (useradd -m "
              + Bottle.USER
              + ")");
    }
    return problems;
  }

  private static boolean hasUser(ImageGlance glance) {
    if (!glance.has(USERS)) {
      return false;
    }
    return glance
        .lines(USERS)
        .map(lines -> lines.stream().anyMatch(line -> line.startsWith(Bottle.USER + ":")))
        // A link: who knows what is behind it.
        .orElse(true);
  }
}
