package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.host.Finding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        "deltas": [],
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
  void exportsToFilesAndStandardOutput() throws Exception {
    caller.call("image", "pull", "-q", "debian:12");
    Path file = directory.resolve("debian.tar");
    assertThat(caller.call("image", "export", "debian:12", "-o", file.toString()))
        .isEqualTo(
            new Outcome(
                0,
                "Exported: debian:12 (aaaaaaaaaaaa) to " + file + ", 23 B\n",
                "Exporting debian:12...\n"));
    assertThat(file).hasContent("an archive of debian:12");
    assertThat(caller.call("image", "export", "-q", "debian:12", "-o", "-"))
        .isEqualTo(new Outcome(0, "an archive of debian:12", ""));
    assertThat(caller.call("image", "export", "-q", "--gzip", "debian:12", "-o", "-").out())
        .isEqualTo("an archive of debian:12 in gzip");
    assertThat(
            compact(
                caller
                    .call("image", "export", "-q", "debian:12", "-o", file.toString(), "--json")
                    .out()))
        .isEqualTo(
            "{\"image\":\"debian:12\",\"digest\":\"sha256:"
                + "a".repeat(64)
                + "\",\"file\":\""
                + file
                + "\",\"bytes\":23}");
    assertThat(caller.call("image", "export", "-q", "nothing", "-o", "-").err())
        .isEqualTo("Error: cannot export the image nothing: there is none\n");
    assertThat(caller.call("image", "export", "debian:12").exitCode()).isEqualTo(2);
    assertThat(caller.call("image", "export", "-o", "-").exitCode()).isEqualTo(2);
    assertThat(caller.call("image", "export", "debian:12", "-o", "-", "--json").exitCode())
        .isEqualTo(2);
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
  void packsAnImage() {
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
                Packed: OUT (stub: 1KB, total: 1954KB)
                Assets: OUT.smolmachine (1954KB compressed)
                Run with: smolvm machine run --from OUT.smolmachine -- <command>
                """
                    .replace("OUT", output.toString()),
                ""));
    smolvm.call(
        ("pack create -q -I x --cpus 2 --mem 512 --no-sign --entrypoint sh -o " + output)
            .split(" "));
    assertThat(smolvm.rooms.calls)
        .containsExactly("pack [debian:12] 4 8192 null", "pack [x] 2 512 [sh]");
  }

  @Test
  void showsWhatAPackSays() {
    assertThat(caller.call("pack", "inspect", "x.smolmachine").out())
        .contains("Image:      debian:12\n", "CPUs:       3\n", "Memory:     1024 MiB\n");
    assertThat(compact(caller.call("pack", "inspect", "x.smolmachine", "--json").out()))
        .isEqualTo(
            compact(
                """
                {
                  "mode": "container", "image": "debian:12", "digest": "sha256:c",
                  "platform": "linux/amd64", "entrypoint": [], "cmd": ["echo", "packed"],
                  "env": ["FROM_PACK=1"], "workdir": "/srv", "cpus": 3, "mem": 1024,
                  "image_size": 5000000, "network": false, "gpu": false,
                  "host_platform": "linux/amd64", "created": "2026-11-22T12:00:00Z",
                  "smolvm_version": "1.9.3",
                  "assets": {
                    "layers": [{"digest": "sha256:e", "path": "layers/e.tar", "size": 5000000}]
                  },
                  "layer_size": 2000000, "layer_digest": "sha256:f"
                }
                """));
  }

  @Test
  void doctorFailsWhenSomethingIsMissing() {
    caller.rooms.findings =
        List.of(
            new Finding("qemu-system-x86_64", Finding.State.FOUND, "10.0.2", ""),
            new Finding("sqfstar", Finding.State.MISSING, "missing; makes images", "apt-get x"));
    Outcome outcome = caller.call("doctor");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out())
        .isEqualTo(
            """
            found    qemu-system-x86_64  10.0.2
            missing  sqfstar             missing; makes images
                     apt-get x
            """);
    assertThat(compact(caller.call("doctor", "--json").out()))
        .startsWith("[{\"what\":\"qemu-system-x86_64\",\"state\":\"found\",")
        .contains("\"fix\":\"apt-getx\"");
    caller.rooms.findings = caller.rooms.findings.subList(0, 1);
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
    List<String> removed = new ArrayList<>();
    caller.machines.leftovers =
        List.of(
            new Leftover(
                "a process",
                () -> {
                  throw new MachineException(ErrorCode.STORAGE, "remove it", "it is busy");
                }),
            new Leftover("a directory", () -> removed.add("directory")));
    assertThat(caller.input("n\n").call("cleanup"))
        .isEqualTo(new Outcome(0, "a process\na directory\nCancelled\n", "Remove these? [y/N] "));
    assertThat(removed).isEmpty();
    assertThat(caller.input("").call("cleanup").err())
        .isEqualTo("Remove these? [y/N] \nNobody answers here; --yes does it without asking.\n");
    assertThat(caller.call("cleanup", "--yes"))
        .isEqualTo(
            new Outcome(
                1,
                "a process\na directory\nRemoved: a directory\n",
                "Error: remove it: it is busy\n"));
    assertThat(removed).containsExactly("directory");
    caller.machines.leftovers = List.of(new Leftover("a bottle", "it can go on", () -> {}));
    assertThat(caller.call("cleanup", "--yes").out())
        .isEqualTo("a bottle (it can go on)\nRemoved: a bottle\n");
  }
}
