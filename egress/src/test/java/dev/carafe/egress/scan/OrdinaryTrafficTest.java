package dev.carafe.egress.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What agents send and get all day is let through, whole and unchanged. */
class OrdinaryTrafficTest {
  private static final Scanner SCANNER = scanner();

  private static Scanner scanner() {
    Random random = new Random(1);
    ScanRules.Builder rules = ScanRules.builder().patterns(true).canary(Canary.random(random));
    for (int i = 0; i < 10; i++) {
      rules.secret("secret" + i, Examples.bytes(EncodingsTest.secret(random, 12 + 5 * i)));
    }
    // What people really have: a short password, and one with words in it.
    rules.secret("password", Examples.bytes("hunter2!x"));
    rules.secret(
        "database",
        Examples.bytes("postgres://app:s3cr3t-Pa55-w0rd@db.internal.example.com:5432/app"));
    return Scanner.of(rules.build());
  }

  @Test
  void halfAGigabyteOfNoise() throws BlockedException {
    Random random = new Random(2);
    byte[] chunk = new byte[1 << 20];
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    long passed = 0;
    for (int i = 0; i < 500; i++) {
      random.nextBytes(chunk);
      passed += scan.feed(ByteBuffer.wrap(chunk)).remaining();
    }
    passed += scan.finish().remaining();
    assertThat(passed).isEqualTo(500L << 20);
  }

  @Test
  void noiseInBase64AndHex() {
    byte[] noise = new byte[16 << 20];
    new Random(3).nextBytes(noise);
    passes(Base64.getEncoder().encode(noise));
    passes(Base64.getMimeEncoder().encode(noise));
    passes(Examples.bytes(java.util.HexFormat.of().formatHex(noise, 0, 4 << 20)));
  }

  @Test
  void aConversationAboutKeys() {
    passes(
        text(
            """
            {"model": "m", "max_tokens": 1024, "messages": [
             {"role": "user", "content": "How do I set my API key? I have sk-... from the dashboard."},
             {"role": "assistant", "content": "Put it in the environment:\\n\\n```bash\\nexport OPENAI_API_KEY=\\"sk-your-key-here\\"\\nexport ANTHROPIC_API_KEY=sk-ant-...\\n```\\nNever commit it. AWS wants aws_access_key_id and aws_secret_access_key, e.g. `aws_secret_access_key = <your secret>`; GitHub tokens begin with ghp_ or github_pat_, Slack's with xoxb-, and Hugging Face's with hf_."},
             {"role": "user", "content": "And postgres://app:password@localhost:5432/app? My id is %s."},
             {"role": "assistant", "content": "Use os.environ[\\"DATABASE_URL\\"]; -----BEGIN PRIVATE KEY----- is how a PEM key begins. A JWT looks like eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.<payload>.<signature>"}]}
            """
                .formatted(new UUID(4, 2))));
  }

  @Test
  void packageMetadata() {
    Random random = new Random(4);
    StringBuilder lock = new StringBuilder("{\"lockfileVersion\": 3, \"packages\": {");
    for (int i = 0; i < 3000; i++) {
      byte[] hash = new byte[64];
      random.nextBytes(hash);
      lock.append("\"node_modules/p").append(i).append("\": {\"version\": \"1.").append(i);
      lock.append(".0\", \"integrity\": \"sha512-");
      lock.append(Base64.getEncoder().encodeToString(hash)).append("\", \"dist\": {\"shasum\": \"");
      lock.append(java.util.HexFormat.of().formatHex(hash, 0, 20)).append("\"}, \"id\": \"");
      lock.append(new UUID(random.nextLong(), random.nextLong())).append("\"},\n");
    }
    passes(text(lock.append("}}").toString()));
  }

  @Test
  void codeAndItsSourceMaps() {
    Random random = new Random(5);
    passes(ScanSpeed.code(random));
    passes(ScanSpeed.conversation(random));
    String map = Examples.text(Examples.alphabet("b64") + ";,", 1 << 20, random);
    passes(text("//# sourceMappingURL=data:application/json;base64," + map));
  }

  @Test
  void keysThatArePublic() {
    Random random = new Random(6);
    StringBuilder keys = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      keys.append("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ");
      keys.append(Examples.text(Examples.alphabet("b64"), 500, random)).append("= u").append(i);
      keys.append("@host\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI");
      keys.append(Examples.text(Examples.alphabet("b64"), 43, random)).append(" me\n");
    }
    passes(text(keys.toString()));
  }

  @Test
  void archivesAndImages() throws IOException {
    Random random = new Random(7);
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(archive)) {
      for (int i = 0; i < 200; i++) {
        gzip.write(text(Pieces.prose(random, 20_000)));
        byte[] noise = new byte[5000];
        random.nextBytes(noise);
        gzip.write(noise);
      }
    }
    passes(archive.toByteArray());
    // As a PNG is inside: a few bytes of names, then zlib data.
    byte[] pixels = new byte[1 << 20];
    random.nextBytes(pixels);
    Deflater deflater = new Deflater();
    deflater.setInput(pixels);
    deflater.finish();
    byte[] image = new byte[2 << 20];
    int n = deflater.deflate(image);
    deflater.end();
    passes(java.util.Arrays.copyOf(image, n));
  }

  /** A repository with a history, as git itself packs it. */
  @Test
  void aGitPack(@TempDir Path directory) throws Exception {
    Random random = new Random(8);
    git(directory, "init", "-q");
    for (int commit = 0; commit < 10; commit++) {
      for (int file = 0; file < 20; file++) {
        Files.writeString(
            directory.resolve("f" + file), Pieces.prose(random, 2000 + random.nextInt(9000)));
      }
      git(directory, "add", ".");
      git(directory, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "c" + commit);
    }
    git(directory, "gc", "-q");
    try (Stream<Path> files = Files.walk(directory.resolve(".git/objects/pack"))) {
      List<Path> packs = files.filter(Files::isRegularFile).toList();
      assertThat(packs).isNotEmpty();
      for (Path pack : packs) {
        passes(Files.readAllBytes(pack));
      }
    }
  }

  /** Programs and libraries of the JDK the tests run on: code, class files, an archive of both. */
  @Test
  void programs() throws IOException {
    Path home = Path.of(System.getProperty("java.home"));
    for (String file : List.of("lib/modules", "lib/server/libjvm.so", "bin/java")) {
      BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
      try (var in = Files.newInputStream(home.resolve(file))) {
        byte[] chunk = new byte[64 * 1024];
        for (int n = in.read(chunk), left = 1600; n > 0 && left > 0; n = in.read(chunk), left--) {
          scan.feed(ByteBuffer.wrap(chunk, 0, n));
        }
        scan.finish();
      } catch (BlockedException e) {
        throw new AssertionError(file + ": " + e.getMessage(), e);
      }
    }
  }

  private static void git(Path directory, String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).inheritIO();
    builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
    assertThat(builder.start().waitFor()).isZero();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void passes(byte[] body) {
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    ByteArrayOutputStream out = new ByteArrayOutputStream(body.length);
    try (scan) {
      for (int at = 0; at < body.length; at += 16_000) {
        Pieces.write(out, scan.feed(ByteBuffer.wrap(body, at, Math.min(16_000, body.length - at))));
      }
      Pieces.write(out, scan.finish());
    } catch (BlockedException e) {
      throw new AssertionError(e.getMessage() + " after " + out.size(), e);
    }
    assertThat(out.toByteArray()).isEqualTo(body);
  }
}
