package dev.carafe.it.enforcement;

import static dev.carafe.it.enforcement.Permit.giveBack;
import static dev.carafe.it.enforcement.Permit.silence;

import java.util.List;

/** What the room image enforces. */
final class ImageEnforcements {
  private static final String MERGER = "image.layer.LayerMergerTest#";

  private ImageEnforcements() {}

  static final List<Enforcement> ALL =
      List.of(
          of(
              "A blob is what its digest says",
              "image.store.Blobs#keepVerified",
              "the digest differs",
              "image.ImageFaultsTest#aBlobWhoseDigestDiffers"),
          of(
              "A blob is as long as it says",
              "image.store.Blobs#put",
              "is larger than its",
              "image.ImageFaultsTest#aBlobThatIsLongerThanItSays"),
          of(
              "No name in a layer climbs",
              "image.tar.TarPath#components",
              "leads upwards",
              MERGER + "namesThatClimbAreRefused"),
          of(
              "No whiteout in a layer climbs",
              "image.layer.MergedTree#whiteout",
              "hides no name",
              MERGER + "whiteoutsThatClimbAreRefused"),
          of(
              "A hard link in a layer leads to a file of the image",
              "image.layer.MergedTree#hardLink",
              "which is not a file of the image",
              MERGER + "hardLinksToWhatIsNoFileOfTheImageAreRefused"),
          new Enforcement(
              "No layer speaks to the guest's overlay file system",
              "image.layer.LayerMerger#kept",
              giveBack(0),
              "image.layer.OnTopTest#aLayerCannotSpeakToTheOverlayItself"));

  private static Enforcement of(String says, String where, String words, String test) {
    return new Enforcement(says, where, silence(words), test);
  }
}
