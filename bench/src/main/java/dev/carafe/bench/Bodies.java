package dev.carafe.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Files to be sent, made once for a run. */
final class Bodies {
  private static final int PIECE = 8_000_000;
  private static final String[] WORDS =
      ("the of and to in a is that for it as was with be by on not he his but at are this have from"
              + " or had an they which one you were all her she there would their we him been has"
              + " when who will no more if out so up said what its about than into token key secret"
              + " function return value class public static final")
          .split(" ");

  private Bodies() {}

  /** What agents send: a conversation with a model, in JSON. The same each time. */
  static Path conversation(Path directory, int megabytes) throws IOException {
    Random random = new Random(1);
    StringBuilder text = new StringBuilder("{\"model\":\"m\",\"messages\":[");
    while (text.length() < PIECE) {
      text.append("{\"role\":\"user\",\"content\":\"");
      for (int i = 0; i < 200; i++) {
        text.append(WORDS[random.nextInt(WORDS.length)]);
        text.append(i % 9 == 8 ? "\\n" : i % 31 == 30 ? " \\\"quoted\\\" " : " ");
      }
      text.append("\"},");
    }
    byte[] piece = text.toString().getBytes(StandardCharsets.US_ASCII);
    return repeated(directory.resolve("conversation-" + megabytes), piece, megabytes);
  }

  /** What archives and packages look like: no byte follows from another. The same each time. */
  static Path noise(Path directory, int megabytes) throws IOException {
    byte[] piece = new byte[PIECE];
    new Random(2).nextBytes(piece);
    return repeated(directory.resolve("noise-" + megabytes), piece, megabytes);
  }

  private static Path repeated(Path file, byte[] piece, int megabytes) throws IOException {
    long left = megabytes * 1_000_000L;
    try (OutputStream out = Files.newOutputStream(file)) {
      while (left > 0) {
        int n = (int) Math.min(left, piece.length);
        out.write(piece, 0, n);
        left -= n;
      }
    }
    return file;
  }
}
