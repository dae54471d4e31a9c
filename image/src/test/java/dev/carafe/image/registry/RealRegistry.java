package dev.carafe.image.registry;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's docker-registry on a free port of this host. */
public final class RealRegistry implements AutoCloseable {
  private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");

  private final Process process;
  private final String host;

  private RealRegistry(Process process, String host) {
    this.process = process;
    this.host = host;
  }

  /**
   * @param passwords lines as htpasswd writes them; empty for a registry open to all
   */
  public static RealRegistry start(Path directory, String passwords) throws IOException {
    String auth = "";
    if (!passwords.isEmpty()) {
      Path file = Files.writeString(directory.resolve("htpasswd"), passwords);
      auth = "auth:\n  htpasswd:\n    realm: test\n    path: " + file + "\n";
    }
    Path config =
        Files.writeString(
            directory.resolve("registry.yml"),
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: "
                + directory.resolve("registry")
                + "\nhttp:\n  addr: 127.0.0.1:0\n"
                + auth);
    Process process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .start();
    BufferedReader log =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    StringBuilder said = new StringBuilder();
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      said.append(line).append('\n');
      Matcher matcher = LISTENING.matcher(line);
      if (matcher.find()) {
        // What it says from here on must not fill the pipe.
        Thread.ofVirtual().start(() -> log.lines().forEach(ignored -> {}));
        return new RealRegistry(process, "localhost:" + matcher.group(1));
      }
    }
    throw new AssertionError("docker-registry did not start: " + said);
  }

  public String host() {
    return host;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
