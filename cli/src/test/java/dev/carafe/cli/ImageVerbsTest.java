package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageVerbsTest {
  private static final String JSON =
      """
      {
        "digest": "sha256:%s",
        "names": ["debian:12"],
        "created": "2026-11-22T12:00:00Z",
        "bytes": 12345678,
        "layers": ["sha256:%s"],
        "rootfs": "/data/images/rootfs/a",
        "config": {
          "os": "linux",
          "architecture": "amd64",
          "env": ["LANG=C.UTF-8"],
          "workdir": "/srv",
          "user": null,
          "entrypoint": [],
          "cmd": ["echo", "from the image"]
        }
      }
      """
          .formatted("a".repeat(64), "f".repeat(64));

  @TempDir Path directory;

  private final Caller caller = Caller.carafe();

  private static String compact(String json) {
    return json.replaceAll("\\s+", "");
  }

  @Test
  void pullsAndShows() {
    assertThat(caller.call("image", "pull", "debian:12"))
        .isEqualTo(
            new Outcome(
                0, "Pulled: debian:12 (aaaaaaaaaaaa, 12.3 MB)\n", "Pulling debian:12...\n"));
    assertThat(compact(caller.call("image", "pull", "-q", "debian:12", "--json").out()))
        .isEqualTo(compact(JSON));
    assertThat(compact(caller.call("image", "inspect", "debian:12", "--json").out()))
        .isEqualTo(compact(JSON));
    assertThat(compact(caller.call("image", "ls", "--json").out()))
        .isEqualTo("[" + compact(JSON) + "]");
    assertThat(caller.call("image", "list").out())
        .isEqualTo(
            """
            NAME       DIGEST        SIZE     CREATED
            debian:12  aaaaaaaaaaaa  12.3 MB  2026-11-22T12:00:00Z
            """);
    assertThat(caller.call("image", "inspect", "debian:12").out())
        .contains("Platform:   linux/amd64\n", "Cmd:        echo from the image\n");
  }

  @Test
  void whatCannotBePulledIsAnError() {
    assertThat(caller.call("image", "pull", "-q", "missing"))
        .isEqualTo(
            new Outcome(1, "", "Error: cannot pull missing: the registry does not know it\n"));
  }

  @Test
  void importsFilesAndStandardInput() throws Exception {
    Path archive = Files.writeString(directory.resolve("a.tar"), "from a file");
    assertThat(caller.call("image", "import", "-q", archive.toString(), "mine").out())
        .isEqualTo("Imported: mine (bbbbbbbbbbbb, 12.3 MB)\n");
    assertThat(caller.rooms.images.imported).isEqualTo("from a file");
    assertThat(caller.input("from a pipe").call("image", "import", "-", "mine").exitCode())
        .isZero();
    assertThat(caller.rooms.images.imported).isEqualTo("from a pipe");
    assertThat(caller.call("image", "import", "-q", archive + "x", "mine").err())
        .isEqualTo("Error: io operation failed: " + archive + "x: no such file\n");
    assertThat(caller.call("image", "import", archive.toString()).exitCode()).isEqualTo(2);
  }

  @Test
  void removesAndPrunes() {
    caller.call("image", "pull", "-q", "a");
    caller.call("image", "pull", "-q", "b");
    assertThat(caller.call("image", "rm", "a", "b").out()).isEqualTo("Removed: a\nRemoved: b\n");
    assertThat(caller.call("image", "rm", "a"))
        .isEqualTo(new Outcome(1, "", "Error: cannot remove image 'a': there is none\n"));
    assertThat(caller.call("image", "prune").out()).isEqualTo("Freed: 3.0 MB\n");
    assertThat(compact(caller.call("image", "prune", "--json").out()))
        .isEqualTo("{\"freed_bytes\":3000000}");
    assertThat(caller.call("image", "ls").out()).isEqualTo("No images found\n");
    assertThat(caller.call("image", "inspect", "a").err())
        .isEqualTo("Error: image not found: a. Fetch it with 'carafe image pull'.\n");
  }

  @Test
  void packsAnImageWithAProgramBesideIt() throws Exception {
    Path output = directory.resolve("site");
    Caller smolvm = Caller.smolvm();
    Outcome outcome =
        smolvm.call("pack", "create", "-q", "--image", "debian:12", "-o", output.toString());
    assertThat(outcome)
        .isEqualTo(
            new Outcome(
                0,
                """
                Image: debian:12 (1 layers)
                Packed: P (stub: 1KB, total: 1954KB)
                Assets: P.smolmachine (1954KB compressed)
                Run with: P
                """
                    .replace("P.s", output + ".s")
                    .replace(": P ", ": " + output + " ")
                    .replace(": P\n", ": " + output + "\n"),
                ""));
    assertThat(smolvm.rooms.calls)
        .isEqualTo(List.of("pack debian:12 Options[cpus=4, memoryMib=8192, entrypoint=[]]"));
    assertThat(output).isExecutable().content().contains("exec smolvm machine run --from");
    assertThat(directory).isDirectoryNotContaining("glob:**.tmp");
  }

  @Test
  void showsWhatAPackSays() {
    assertThat(caller.call("pack", "inspect", "x.smolmachine").out())
        .contains("Image:      debian:12\n", "CPUs:       3\n", "Memory:     1024 MiB\n");
    assertThat(caller.call("pack", "inspect", "x.smolmachine", "--json").out()).isEqualTo("{}\n");
  }

  @Test
  void doctorFailsWhenSomethingIsMissing() {
    caller.rooms.requirements =
        List.of(
            new HostCheck.Requirement("qemu-system-x86", true, "10.0.2", ""),
            new HostCheck.Requirement("sqfstar", false, "not found", "apt-get install x"));
    Outcome outcome = caller.call("doctor");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out())
        .isEqualTo(
            """
            ok       qemu-system-x86      10.0.2
            missing  sqfstar              not found
                     apt-get install x
            """);
    assertThat(compact(caller.call("doctor", "--json").out()))
        .startsWith("[{\"name\":\"qemu-system-x86\",\"met\":true,")
        .contains("\"fix\":\"apt-getinstallx\"");
    caller.rooms.requirements = caller.rooms.requirements.subList(0, 1);
    assertThat(caller.call("doctor").exitCode()).isZero();
  }

  @Test
  void setupShowsItsSteps() {
    assertThat(caller.call("setup").err()).isEqualTo("Unpacking the kernel...\n");
    assertThat(caller.rooms.calls).containsExactly("setup");
  }

  @Test
  void cleanupListsAndAsks() {
    assertThat(caller.call("cleanup").out()).isEqualTo("Nothing to clean up.\n");
    caller.rooms.leftovers = List.of("machine vm-1: its command line is gone");
    assertThat(caller.input("n\n").call("cleanup").out()).endsWith("\nCancelled\n");
    assertThat(caller.rooms.calls).isEmpty();
    assertThat(caller.input("y\n").call("cleanup").out())
        .endsWith("\nRemoved: machine vm-1: its command line is gone\n");
    assertThat(caller.call("cleanup", "--yes").exitCode()).isZero();
    assertThat(caller.rooms.calls).containsExactly("remove leftovers", "remove leftovers");
  }
}
