package dev.carafe.bottle.provider;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The registry of this host's npm: of its environment, else of its files (npmrc(5)), else the one
 * that npm itself knows, if it is installed.
 */
final class NpmConfig {
  private static final String VARIABLE = "npm_config_registry";
  private static final int MOST_BYTES = 256 * 1024;
  private static final int LIMIT_SECONDS = 30;

  private final Map<String, String> hostEnv;
  private final Path root;

  /**
   * @param root {@code /}, or a directory that stands for it
   */
  NpmConfig(Map<String, String> hostEnv, Path root) {
    this.hostEnv = hostEnv;
    this.root = root;
  }

  /**
   * The registry, with a slash at its end.
   *
   * @throws ProviderException when none is known, or it cannot be used
   */
  URI registry() throws ProviderException {
    Optional<String> written = ofEnvironment();
    for (Path file : files()) {
      if (written.isEmpty()) {
        written = ofFile(file);
      }
    }
    if (written.isEmpty()) {
      written = ofProgram();
    }
    return address(
        written.orElseThrow(
            () ->
                new ProviderException(
                    "the image cannot be made: no npm registry is configured on this host; set"
                        + " npm_config_registry to the address of one, or install npm, which knows"
                        + " one")));
  }

  private static URI address(String written) throws ProviderException {
    String known = "the npm registry that this host is configured with ";
    try {
      URI uri = new URI(written.endsWith("/") ? written : written + "/");
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (!web || uri.getHost() == null) {
        throw new ProviderException(known + "is no address of the form https://HOST/");
      }
      if (uri.getUserInfo() != null) {
        throw new ProviderException(
            known + "has a password in its address, which would get into the image; take it away");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw new ProviderException(known + "is no address of the form https://HOST/");
    }
  }

  /** npm takes its variables in any letters. */
  private Optional<String> ofEnvironment() {
    return hostEnv.entrySet().stream()
        .filter(entry -> entry.getKey().toLowerCase(Locale.ROOT).equals(VARIABLE))
        .map(Map.Entry::getValue)
        .filter(value -> !value.isBlank())
        .map(String::strip)
        .findFirst();
  }

  private List<Path> files() {
    List<Path> files = new ArrayList<>();
    String own = hostEnv.get("npm_config_userconfig");
    if (own != null) {
      files.add(Path.of(own));
    } else if (hostEnv.containsKey("HOME")) {
      files.add(Path.of(hostEnv.get("HOME")).resolve(".npmrc"));
    }
    for (String global : List.of("etc/npmrc", "usr/etc/npmrc", "usr/local/etc/npmrc")) {
      files.add(root.resolve(global));
    }
    return files;
  }

  private static Optional<String> ofFile(Path file) throws ProviderException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new ProviderException(
            "the file " + file + " is larger than " + MOST_BYTES + " bytes");
      }
      String found = null;
      for (String line : Files.readAllLines(file)) {
        String text = line.strip();
        int equals = text.indexOf('=');
        if (equals > 0 && text.substring(0, equals).strip().equals("registry")) {
          found = text.substring(equals + 1).strip().replaceAll("^[\"']|[\"']$", "");
        }
      }
      return Optional.ofNullable(found).filter(value -> !value.isBlank());
    } catch (IOException e) {
      throw new ProviderException("the file " + file + " cannot be read; check who may read it");
    }
  }

  /** What npm says, where it is installed; it takes about a second. */
  private Optional<String> ofProgram() throws ProviderException {
    for (String directory : hostEnv.getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
      Path npm = root.resolve(directory.replaceFirst("^/+", "")).resolve("npm");
      if (!directory.isEmpty() && Files.isExecutable(npm)) {
        return ask(npm);
      }
    }
    return Optional.empty();
  }

  private Optional<String> ask(Path npm) throws ProviderException {
    ProcessBuilder builder = new ProcessBuilder(npm.toString(), "config", "get", "registry");
    // Where it is called, npm reads that project's own settings: a repository would decide.
    builder.directory(root.toFile());
    builder.environment().clear();
    builder.environment().putAll(hostEnv);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process process = builder.start();
      try {
        process.getOutputStream().close();
        // It prints one line, which a pipe holds until it is read.
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
          throw new ProviderException(
              "'npm config get registry' did not say which registry this host is configured with;"
                  + " set npm_config_registry");
        }
        byte[] said = process.getInputStream().readNBytes(MOST_BYTES);
        String line = new String(said, StandardCharsets.UTF_8).strip();
        return line.startsWith("http") ? Optional.of(line) : Optional.empty();
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new ProviderException("npm does not start; set npm_config_registry");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProviderException("npm was not waited for");
    }
  }
}
