package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.disk.Lock;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportFileTest {
  @TempDir Path directory;

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(each -> each.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whileItGrowsItHasAnotherNameAndNobodyElseReadsIt() throws IOException {
    Path file = directory.resolve("work.bottle");
    ExportFile.write(
        file,
        out -> {
          out.write('a');
          out.flush();
          assertThat(names()).singleElement().asString().startsWith(ExportFile.PREFIX);
          assertThat(
                  PosixFilePermissions.toString(
                      Files.getPosixFilePermissions(directory.resolve(names().getFirst()))))
              .isEqualTo("rw-------");
        });
    assertThat(names()).containsExactly("work.bottle");
    assertThat(file).hasContent("a");
  }

  @Test
  void whatFailsLeavesNothing() throws IOException {
    assertThatThrownBy(
            () ->
                ExportFile.write(
                    directory.resolve("work.bottle"),
                    out -> {
                      out.write('a');
                      throw new IOException("full");
                    }))
        .hasMessage("full");
    assertThat(names()).isEmpty();
  }

  @Test
  void whatHasItsNameMeanwhileStays() throws IOException {
    Path file = directory.resolve("work.bottle");
    assertThatThrownBy(() -> ExportFile.write(file, out -> Files.writeString(file, "mine")))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(names()).containsExactly("work.bottle");
    assertThat(file).hasContent("mine");
    assertThatThrownBy(() -> ExportFile.write(Path.of("/"), out -> {}))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void whatAKilledOneHasLeftGoesAndWhatSomebodyWritesStays() throws IOException {
    Files.writeString(directory.resolve(ExportFile.PREFIX + "left"), "half");
    Path written = Files.writeString(directory.resolve(ExportFile.PREFIX + "written"), "half");
    try (Lock _ = Lock.tryTake(written.toRealPath()).orElseThrow()) {
      ExportFile.write(directory.resolve("work.bottle"), out -> out.write('a'));
    }
    assertThat(names()).containsExactly(ExportFile.PREFIX + "written", "work.bottle");
  }
}
