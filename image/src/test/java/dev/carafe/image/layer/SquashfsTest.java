package dev.carafe.image.layer;

import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.hardLink;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.testing.Tars.Item;
import dev.carafe.image.testing.Tool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SquashfsTest {
  @TempDir Path directory;

  @Test
  void theRootHasItsOwnMode() throws Exception {
    Path file = write(directory("").mode(0711), List.of());
    assertThat(Tool.run("unsquashfs", "-lln", "-d", "", file.toString()).strip())
        .startsWith("drwx--x--x 0/0");
  }

  @Test
  void extendedAttributesAndLinkCountsAreKept() throws Exception {
    Path file =
        write(
            directory(""),
            List.of(
                file("a", "x").xattrs(Map.of("user.note", "one\0two\nthree")), hardLink("b", "a")));
    Path out = directory.resolve("out");
    Tool.run("unsquashfs", "-q", "-n", "-d", out.toString(), file.toString());
    byte[] value = (byte[]) Files.getAttribute(out.resolve("a"), "user:note");
    assertThat(new String(value, StandardCharsets.ISO_8859_1)).isEqualTo("one\0two\nthree");
    assertThat(Files.getAttribute(out.resolve("b"), "unix:nlink")).isEqualTo(2);
    assertThat(Files.getFileAttributeView(out, UserDefinedFileAttributeView.class).list())
        .isEmpty();
  }

  @Test
  void aFailureOfTheSourceIsSaidAndLeavesNoFile() {
    Path file = directory.resolve("x.squashfs");
    assertThatThrownBy(
            () ->
                new Squashfs("sqfstar")
                    .write(
                        file,
                        TarEntry.plainDirectory(""),
                        out -> {
                          out.write(file("a", "a").entry(), new ByteArrayInputStream(new byte[1]));
                          throw new IOException("the source is gone");
                        }))
        .isInstanceOf(IOException.class)
        .hasMessage("the source is gone");
    assertThat(file).doesNotExist();
  }

  private Path write(Item root, List<Item> items) throws IOException {
    Path file = directory.resolve("x.squashfs");
    new Squashfs("sqfstar")
        .write(
            file,
            root.entry(),
            out -> {
              for (Item item : items) {
                out.write(item.entry(), new ByteArrayInputStream(item.contents()));
              }
            });
    return file;
  }
}
