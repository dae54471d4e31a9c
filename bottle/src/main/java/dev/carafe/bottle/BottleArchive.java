package dev.carafe.bottle;

import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.bottle.state.RecordJson;
import dev.carafe.bottle.state.Slug;
import dev.carafe.image.ArchiveForm;
import dev.carafe.image.Image;
import dev.carafe.image.ImageException;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.Machines;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A frozen bottle in one file: a line that says what it is, with the bottle's slug, its image's
 * digest, and the length and SHA-256 of the record; the record; and the image as an OCI archive.
 */
final class BottleArchive {
  private static final String MAGIC = "carafe-bottle-1";
  private static final String IMPORTED = ":imported";

  private static final int MOST_LINE = 512;
  private static final int MOST_RECORD = 1 << 20;

  private final ImageStore images;
  private final BottleStates states;
  private final Machines machines;

  BottleArchive(ImageStore images, BottleStates states, Machines machines) {
    this.images = images;
    this.states = states;
    this.machines = machines;
  }

  /** Whether the image of that name came with a bottle that was imported. */
  static boolean isImported(String reference) {
    return reference.endsWith(IMPORTED);
  }

  /** The names of all images that a bottle was frozen to, or came with. */
  static List<String> imagesOf(String slug, ImageStore images) {
    String prefix = "bottle-" + slug + ":";
    return images.list().stream()
        .flatMap(image -> image.names().stream())
        .filter(name -> name.startsWith(prefix))
        .sorted()
        .toList();
  }

  void write(BottleRecord record, String reference, Path file, Progress progress) {
    Image image =
        images
            .find(reference)
            .orElseThrow(
                () ->
                    new BottleException(
                        "the image '"
                            + reference
                            + "' of bottle '"
                            + record.slug()
                            + "' is not in the store any more"));
    byte[] json = RecordJson.write(record.at(Phase.ENDED));
    String line =
        String.join(
                " ",
                MAGIC,
                record.slug(),
                image.digest(),
                Integer.toString(json.length),
                sha256(json))
            + "\n";
    try {
      ExportFile.write(
          file,
          out -> {
            out.write(line.getBytes(StandardCharsets.US_ASCII));
            out.write(json);
            images.exportArchive(image.digest(), ArchiveForm.AS_KEPT, out, progress);
          });
    } catch (FileAlreadyExistsException e) {
      throw new BottleException("'" + file + "' exists; choose another name, or remove it", e);
    } catch (NoSuchFileException e) {
      throw new BottleException("there is no directory for '" + file + "'", e);
    } catch (IOException e) {
      throw new BottleException(
          "'" + file + "' cannot be written: " + Sentence.reason(e) + "; nothing is left of it", e);
    }
  }

  String read(Path file, Progress progress) {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      String[] words = line(in).split(" ", -1);
      if (words.length != 5 || !words[0].equals(MAGIC) || !Slug.valid(words[1])) {
        throw new BottleException(
            "'" + file + "' is no bottle: 'carafe bottle export' writes such files");
      }
      String slug = words[1];
      BottleRecord record = record(in, words, file);
      // Nobody else takes that slug meanwhile; and what a killed import leaves is found.
      try (HeldBottle held = states.create(record.at(Phase.MAKING))) {
        try {
          take(in, words[2], "bottle-" + slug + IMPORTED, held, file, progress);
        } catch (IOException | RuntimeException e) {
          held.delete();
          throw e;
        }
      }
      return slug;
    } catch (FileAlreadyExistsException e) {
      throw new BottleException(
          "there is a bottle '"
              + Path.of(e.getFile()).getFileName()
              + "' already; 'carafe bottle rm' removes it",
          e);
    } catch (NoSuchFileException e) {
      throw new BottleException("there is no file '" + file + "'", e);
    } catch (IOException | ImageException e) {
      throw new BottleException("'" + file + "' cannot be taken in: " + Sentence.reason(e), e);
    }
  }

  private void take(
      InputStream in,
      String digest,
      String reference,
      HeldBottle held,
      Path file,
      Progress progress)
      throws IOException {
    // Without a name until it is known to be whole: the name may be another one's.
    Image image = images.importArchive(in, "", progress);
    if (!image.digest().equals(digest)) {
      if (image.names().isEmpty() && !isUsed(image)) {
        images.remove(image.digest(), Set.of());
      }
      throw new BottleException(
          "'"
              + file
              + "' is damaged: its image has another digest than it should; nothing was taken in");
    }
    images.name(digest, reference);
    states.freezeDone(held.record().slug(), reference);
    held.update(held.record().at(Phase.ENDED));
  }

  /** It may have been there before, for a machine that was made by its digest. */
  private boolean isUsed(Image image) {
    return machines.list().stream()
        .anyMatch(machine -> machine.imageDigest().equals(Optional.of(image.digest())));
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n' && line.length() < MOST_LINE; c = in.read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  private static BottleRecord record(InputStream in, String[] words, Path file) throws IOException {
    int length = words[3].matches("[0-9]{1,7}") ? Integer.parseInt(words[3]) : Integer.MAX_VALUE;
    if (length > MOST_RECORD) {
      throw new BottleException("'" + file + "' is damaged: its record is too long");
    }
    byte[] json = in.readNBytes(length);
    if (!sha256(json).equals(words[4])) {
      throw new BottleException("'" + file + "' is damaged: its record is not what it was");
    }
    // Whoever wrote the file chose what is in it: only what is frozen is taken for granted.
    return RecordJson.read(json, words[1]).elsewhere();
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
