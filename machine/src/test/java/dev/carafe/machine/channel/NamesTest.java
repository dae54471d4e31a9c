package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "/",
        "/a/b",
        "../x",
        "a b%41",
        "a/",
        "/a/",
        "\u00ff",
        "\u00c3/\u0080",
        "/\u00c3\u00a4",
        "\n\t"
      })
  void bytesBecomeAPathAndTheSameBytesAgain(String latin) {
    byte[] bytes = latin.getBytes(StandardCharsets.ISO_8859_1);
    assertThat(Names.bytes(Names.path(bytes))).isEqualTo(bytes);
  }

  @Test
  void everyByteThatAFileNameCanHoldIsKept() throws IOException {
    for (int i = 1; i < 256; i++) {
      if (i != '/') {
        byte[] name = {'x', (byte) i};
        Files.createFile(temp.resolve(Names.path(name)));
        try (Stream<Path> entries = Files.list(temp)) {
          Path entry = entries.findFirst().orElseThrow();
          assertThat(Names.bytes(entry.getFileName())).isEqualTo(name);
          Files.delete(entry);
        }
      }
    }
  }

  @Test
  void aDirectoryWhoseNameIsNoTextIsNamedWithoutASlash() throws IOException {
    byte[] name = {(byte) 0xe4};
    Path directory = Files.createDirectory(temp.resolve(Names.path(name)));
    assertThat(Names.bytes(directory.getFileName())).isEqualTo(name);
    byte[] whole = Names.bytes(directory);
    assertThat(whole[whole.length - 1]).isEqualTo((byte) 0xe4);
  }

  @Test
  void aNameOfTheGuestsIsShownHarmless() {
    assertThat(Names.shown("a\u001b[1mb".getBytes(StandardCharsets.UTF_8))).isEqualTo("a?[1mb");
    assertThat(Names.shown(new byte[0])).isEqualTo(".");
  }
}
