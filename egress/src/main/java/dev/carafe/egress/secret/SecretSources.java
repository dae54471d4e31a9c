package dev.carafe.egress.secret;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Fetches credentials from where references point to. Blocks while it reads files and while it
 * waits for programs, for each of those at most the limit. Any thread.
 */
public final class SecretSources {
  /** How long a program may take to print a secret. */
  public static final Duration LIMIT = Duration.ofSeconds(10);

  /** How long all programs of one routes file may take together. */
  public static final Duration LIMIT_OF_ALL = Duration.ofSeconds(30);

  private final Map<String, String> env;
  private final Consumer<String> warnings;
  private final Programs programs;
  private final Duration limit;
  private final boolean real;

  private SecretSources(
      Map<String, String> env, Consumer<String> warnings, Duration limit, boolean real) {
    this.env = Map.copyOf(env);
    this.warnings = warnings;
    this.programs = new Programs(this.env);
    this.limit = limit;
    this.real = real;
  }

  /**
   * The sources of this host.
   *
   * @param env the environment in which variables are looked up and programs run
   * @param warnings hears one sentence for each secret that is less secret than it should be
   */
  public static SecretSources of(Map<String, String> env, Consumer<String> warnings) {
    return new SecretSources(env, warnings, LIMIT, true);
  }

  static SecretSources of(Map<String, String> env, Consumer<String> warnings, Duration limit) {
    return new SecretSources(env, warnings, limit, true);
  }

  /**
   * Asks nobody and gives random values, for looking at a routes file where its secrets are not.
   */
  public static SecretSources placeholders() {
    return new SecretSources(Map.of(), warning -> {}, LIMIT, false);
  }

  /** The environment. */
  public Map<String, String> env() {
    return env;
  }

  /**
   * The secret that a reference leads to.
   *
   * @throws SecretException when there is none, or it is none that can be used
   */
  public Secret resolve(SecretReference reference) throws SecretException {
    return resolve(reference, limit);
  }

  /**
   * The same when less than the limit is left; nothing is left, when it is not positive.
   *
   * @throws SecretException when there is none, or it is none that can be used
   */
  public Secret resolve(SecretReference reference, Duration left) throws SecretException {
    Duration most = left.compareTo(limit) < 0 ? left : limit;
    byte[] value =
        real
            ? switch (reference) {
              case SecretReference.Variable variable -> variable(variable);
              case SecretReference.File file -> file(file);
              case SecretReference.Field field -> field(field);
              case SecretReference.Command command ->
                  programs.output(command, command.words(), most);
              case SecretReference.Keyring keyring -> keyring(keyring, most);
            }
            : placeholder();
    try {
      return Secret.of(reference.name(), value);
    } catch (IllegalArgumentException e) {
      throw new SecretException(e.getMessage());
    } finally {
      Arrays.fill(value, (byte) 0);
    }
  }

  private static byte[] placeholder() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    // With a colon, so that it can stand for a user and a password too.
    return ("placeholder:" + HexFormat.of().formatHex(random))
        .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  private byte[] variable(SecretReference.Variable reference) throws SecretException {
    String value = env.get(reference.variable());
    if (value == null) {
      throw new SecretException(reference.name() + " is not set");
    }
    return value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private byte[] file(SecretReference.File reference) throws SecretException {
    Path path = reference.path();
    try {
      if (!Files.isRegularFile(path)) {
        throw new SecretException(
            reference.name() + (Files.exists(path) ? " is not a file" : " does not exist"));
      }
      warnOfReaders(path);
      try (InputStream in = Files.newInputStream(path)) {
        return trimmed(in.readNBytes(Secret.MOST_BYTES + 1024));
      }
    } catch (NoSuchFileException e) {
      throw new SecretException(reference.name() + " does not exist");
    } catch (IOException e) {
      throw new SecretException(reference.name() + " cannot be read; check who may read it");
    }
  }

  private byte[] field(SecretReference.Field reference) throws SecretException {
    try (CredentialFile file = CredentialFile.read(reference.path())) {
      warnOfReaders(reference.path());
      String value =
          file.value(reference.keys())
              .orElseThrow(() -> new SecretException(reference.name() + " is not there"));
      return value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new SecretException(reference.name() + " cannot be read; check who may read it");
    }
  }

  private void warnOfReaders(Path path) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
    boolean group = permissions.contains(PosixFilePermission.GROUP_READ);
    boolean others = permissions.contains(PosixFilePermission.OTHERS_READ);
    if (group || others) {
      warnings.accept(
          "the secret file "
              + path
              + " can be read by "
              + (others ? "everybody" : "its group")
              + ": chmod 600 it");
    }
  }

  private byte[] keyring(SecretReference.Keyring reference, Duration most) throws SecretException {
    List<String> words = new ArrayList<>(List.of("secret-tool", "lookup"));
    reference.attributes().forEach((key, value) -> words.addAll(List.of(key, value)));
    if (programs.find("secret-tool").isEmpty()) {
      throw new SecretException(
          reference.name()
              + " cannot be looked up: there is no program secret-tool on PATH (Debian package"
              + " libsecret-tools); use env, file or command instead");
    }
    return programs.output(reference, words, most);
  }

  /** Without blanks, tabs and line ends around it; overwrites what it was given. */
  static byte[] trimmed(byte[] raw) {
    int from = 0;
    int to = raw.length;
    while (from < to && blank(raw[from])) {
      from++;
    }
    while (to > from && blank(raw[to - 1])) {
      to--;
    }
    byte[] trimmed = Arrays.copyOfRange(raw, from, to);
    Arrays.fill(raw, (byte) 0);
    return trimmed;
  }

  private static boolean blank(byte b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
  }
}
