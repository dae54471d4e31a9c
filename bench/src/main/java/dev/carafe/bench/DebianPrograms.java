package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Programs of Debian's packages, unpacked into a directory of our own and never installed. */
final class DebianPrograms {
  private DebianPrograms() {}

  /**
   * Unpacks packages and what they need that is not installed here; nothing, when it was done
   * before.
   *
   * @param keep stays for the next run
   * @return where {@code usr} is
   */
  static Path withDependencies(Path keep, String... packages)
      throws IOException, InterruptedException {
    return unpack(
        keep,
        "fetch() { apt-get -q -y --no-install-recommends --download-only -o Debug::NoLocking=1"
            + " -o Dir::Cache::archives=\"$PWD\" install \"$@\" >/dev/null 2>&1; };"
            + " mkdir partial; fetch \"$@\" || { apt-get -q update >/dev/null; fetch \"$@\"; };",
        packages);
  }

  /** Unpacks these packages alone; nothing, when it was done before. */
  static Path alone(Path keep, String... packages) throws IOException, InterruptedException {
    return unpack(
        keep,
        "apt-get -q download \"$@\" >/dev/null 2>&1 ||"
            + " { apt-get -q update >/dev/null; apt-get -q download \"$@\" >/dev/null; };",
        packages);
  }

  private static Path unpack(Path keep, String fetch, String... packages)
      throws IOException, InterruptedException {
    Path programs = keep.resolve("programs");
    if (Files.exists(programs)) {
      return programs;
    }
    Lab.deleteTree(keep);
    Path downloads = Files.createDirectories(keep.resolve("downloads"));
    Path unpacked = Files.createDirectories(keep.resolve("unpacked"));
    List<String> command =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-ec",
                "cd \"$1\"; shift; "
                    + fetch
                    + " for deb in *.deb; do [ ! -e \"$deb\" ] || dpkg-deb -x \"$deb\" ../unpacked;"
                    + " done",
                "unpack",
                downloads.toString()));
    command.addAll(List.of(packages));
    Commands.run(Map.of("LC_ALL", "C.UTF-8"), command);
    Lab.deleteTree(downloads);
    return Files.move(unpacked, programs);
  }
}
