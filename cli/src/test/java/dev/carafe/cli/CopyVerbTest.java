package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CopyVerbTest {
  @TempDir Path directory;

  private final Caller caller = Caller.carafe();

  @BeforeEach
  void prepare() throws Exception {
    caller.machines.running("web");
    Files.writeString(directory.resolve("a:b"), "x");
    Files.writeString(directory.resolve("file"), "x");
    Files.createDirectory(directory.resolve("tree"));
  }

  private Outcome copy(String line) {
    return caller.call(("machine cp " + line.replace("DIR", directory.toString())).split(" "));
  }

  @ParameterizedTest
  @CsvSource({
    "DIR/file web:/srv/x, in DIR/file /srv/x into",
    "-r DIR/tree web:/srv, in DIR/tree /srv into",
    "DIR/file web:/new/, in DIR/file /new/file",
    "DIR/a:b web:/a:b, in DIR/a:b /a:b into",
    "DIR/tree web:/srv, in DIR/tree /srv into",
    "DIR/tree/ web:/srv/, in DIR/tree /srv/tree",
    "DIR/tree/. web:/srv/, in DIR/tree /srv",
    "-a DIR/tree web:/srv, in DIR/tree /srv into keep",
    "--mode 0640 --uid 7 DIR/file web:/x, in DIR/file /x into 7:0 640",
    "--gid 8 DIR/file web:/x, in DIR/file /x into 0:8",
    "web:/var/log/x y, out /var/log/x y into",
    "web:/var/log/ y, out /var/log y into",
    "web:/var/log/. y, out /var/log y",
    "web:/var/log/x DIR/new/, out /var/log/x DIR/new/x",
    "web:/var/log/x DIR/tree/, out /var/log/x DIR/tree into",
    "web:/a:b ./c:d, out /a:b ./c:d into",
    "-a web:/x y, out /x y into keep",
  })
  void copiesAsCpDoes(String line, String expected) {
    assertThat(copy(line)).isEqualTo(new Outcome(0, "", ""));
    assertThat(caller.machines.calls).containsExactly(expected.replace("DIR", "" + directory));
  }

  @Test
  void onATerminalItSaysWhatItCopiesWhileItDoes() {
    caller.terminal.error = true;
    assertThat(copy("web:/x y").err()).isEqualTo("\r| Copying web:/x to y  \u001b[K\r\u001b[K");
  }

  @ParameterizedTest
  @CsvSource({
    "--mode 9 DIR/file web:/x",
    "--uid -1 DIR/file web:/x",
    "--uid 1 web:/x y",
    "web: y",
    "DIR/file web:srv",
    "DIR/file web:~/x",
    "--mode 644 web:/x y"
  })
  void whatMakesNoSenseIsRefused(String line) {
    assertThat(copy(line).exitCode()).isEqualTo(2);
    assertThat(caller.machines.calls).isEmpty();
  }

  @Test
  void aMissingFileIsAnError() {
    assertThat(copy("DIR/none web:/x"))
        .isEqualTo(
            new Outcome(
                1, "", "Error: io operation failed: " + directory + "/none: no such file\n"));
  }

  @Test
  void underTheNameSmolvmDirectoriesAreRefused() {
    caller.program = "smolvm";
    assertThat(copy("DIR/tree web:/x").err())
        .isEqualTo(
            "Error: io operation failed: "
                + directory
                + "/tree is a directory; only regular files can be copied\n");
    // The machine's test says 127: no directory.
    assertThat(copy("web:/x y").exitCode()).isZero();
    assertThat(caller.machines.calls).containsExactly("exec /bin/sh", "out /x y into");
  }
}
