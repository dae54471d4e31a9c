package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.Progress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The default image: Debian with what a coding agent's first minutes need, made by mmdebstrap from
 * the host's own apt configuration. No mirror is known here.
 *
 * <p>What the host's apt needs to reach its mirrors goes along, but never into the image and never
 * on a command line, because a proxy's address may hold a password: proxies become environment
 * variables, and the file that keeps apt's options inside is removed.
 */
final class BaseImage {
  private static final String PACKAGES = "git,curl,ca-certificates,procps";

  /** Options of the host's apt without which its mirrors may not be usable. None holds a secret. */
  private static final List<String> OPTIONS =
      List.of(
          "Acquire::Check-Valid-Until",
          "Acquire::Check-Date",
          "Acquire::Retries",
          "Acquire::ForceIPv4",
          "Acquire::https::CaInfo",
          "Acquire::https::Verify-Peer");

  private static final List<String> LEFT_OUT =
      List.of(
          "path-exclude=/usr/share/doc/*",
          "path-include=/usr/share/doc/*/copyright",
          "path-exclude=/usr/share/man/*",
          "path-exclude=/usr/share/info/*",
          "path-exclude=/usr/share/locale/*");

  private BaseImage() {}

  /** How it is run. */
  static ImageConfig config(Platform platform) {
    return new ImageConfig(
        List.of(
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of("/bin/bash"),
        platform.architecture(),
        platform.os());
  }

  /** Starts making it; the tar streams out when the packages are in place. */
  static InputStream open(Path root, Progress progress) throws IOException {
    DebianSources.Choice choice = new DebianSources(root).choose();
    Map<String, String> apt = aptOptions();
    List<String> command = new ArrayList<>(List.of("mmdebstrap"));
    command.add(System.getProperty("user.name").equals("root") ? "--mode=root" : "--mode=unshare");
    command.add("--variant=minbase");
    command.add("--format=tar");
    command.add("--include=" + PACKAGES);
    for (String option : OPTIONS) {
      if (apt.containsKey(option)) {
        command.add("--aptopt=" + option + " \"" + apt.get(option) + "\"");
      }
    }
    LEFT_OUT.forEach(option -> command.add("--dpkgopt=" + option));
    // The host's options are not the guest's.
    command.add("--customize-hook=rm -f \"$1/etc/apt/apt.conf.d/99mmdebstrap\"");
    command.add("--customize-hook=rm -f \"$1/etc/hostname\" \"$1/etc/resolv.conf\"");
    command.add(choice.suite());
    command.add("-");
    command.add("-");
    ProcessBuilder builder = new ProcessBuilder(command);
    proxies(apt, builder.environment());
    builder.environment().put("LC_ALL", "C.UTF-8");
    ToolStream stream =
        ToolStream.start(
            builder,
            "install mmdebstrap (carafe setup does it)",
            line -> {
              if (line.startsWith("I: ") && !line.contains("hook")) {
                progress.step("base: " + line.substring(3));
              }
            });
    boolean begun = false;
    try (OutputStream input = stream.input()) {
      input.write(choice.text().getBytes(StandardCharsets.UTF_8));
      begun = true;
      return stream;
    } finally {
      if (!begun) {
        stream.close();
      }
    }
  }

  private static void proxies(Map<String, String> apt, Map<String, String> environment) {
    for (String scheme : List.of("http", "https", "ftp")) {
      String proxy = apt.get("Acquire::" + scheme + "::Proxy");
      if (proxy != null && !proxy.equals("DIRECT")) {
        environment.put(scheme + "_proxy", proxy);
      }
    }
  }

  /** What the host's apt is configured with, by apt's own reading of it. */
  private static Map<String, String> aptOptions() throws IOException {
    Map<String, String> options = new HashMap<>();
    ProcessBuilder builder = new ProcessBuilder("apt-config", "dump");
    builder.environment().put("LC_ALL", "C.UTF-8");
    try (ToolStream dump =
            ToolStream.start(builder, "making the base image needs a Debian host", line -> {});
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(dump, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        int open = line.indexOf(" \"");
        if (open > 0 && line.endsWith("\";") && open + 2 <= line.length() - 2) {
          options.put(line.substring(0, open), line.substring(open + 2, line.length() - 2));
        }
      }
    }
    return options;
  }
}
