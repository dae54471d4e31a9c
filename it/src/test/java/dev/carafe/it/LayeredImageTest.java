package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarWriter;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a machine sees of an image that is stacked from a base and layers, five generations deep:
 * the same, to the last attribute, as of one that was merged as a whole.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayeredImageTest {
  /** All names but those that the agent makes, with everything {@code find} knows of them. */
  private static final String LISTING =
      "find / -xdev -mindepth 1 ! -path '/tmp*' ! -path '/run*' ! -path /etc/hosts"
          + " ! -path /etc/hostname ! -path /etc/machine-id ! -path /etc/resolv.conf"
          + " ! -path /etc ! -path /dev ! -path /proc ! -path /sys"
          + " '(' -type d -printf '%p %y %m %U:%G %T@\\n'"
          + " -o -printf '%p %y %m %U:%G %T@ %s %n %l\\n' ')' | LC_ALL=C sort";

  private static final String CONTENTS =
      "cd /t && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";

  /** The attributes of everything in {@code /t}; Debian's smallest systems have no getfattr. */
  private static final String ATTRIBUTES =
      "find /t /setid /capable /links | LC_ALL=C sort | perl -ne 'chomp; my $p = $_; my $l = \"\\0\" x 4096;"
          + " my $n = syscall(195, $p, $l, 4096); next if $n <= 0;"
          + " for my $x (sort split /\\0/, substr($l, 0, $n)) { my $v = \"\\0\" x 4096;"
          + " my $m = syscall(192, $p, $x, $v, 4096);"
          + " print \"$p $x \", unpack(\"H*\", substr($v, 0, $m)), \"\\n\" }'";

  private static final String CAPABILITY = "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

  @TempDir static Path temp;

  private final Machines machines = Lab.machines();
  private final ImageStore store = ImageStore.open(Lab.HOME);
  private final List<Machine> made = new ArrayList<>();
  private Image stacked;
  private Machine machine;

  private static final List<List<Item>> LAYERS =
      List.of(
          List.of(
              directory("t").mode(0750).owner(1, 2),
              file("t/a", "1"),
              file("t/b", "1"),
              directory("t/d"),
              file("t/d/x", "1"),
              file("t/d/y", "1"),
              directory("t/o"),
              file("t/o/old", "1"),
              file("t/file", "a file"),
              directory("t/directory"),
              file("t/directory/inside", "1"),
              link("t/link", "d"),
              directory("setid").mode(02755).owner(0, 50),
              file("setid/program", "#!/bin/sh").mode(06755).owner(1000, 50),
              directory("capable"),
              file("capable/program", "x").mode(0755).with("security.capability", CAPABILITY),
              directory("links"),
              file("links/one", "shared"),
              hard("links/two", "links/one")),
          List.of(
              directory("t").mode(0700).owner(3, 4).with("user.note", "second"),
              gone("t/b"),
              directory("t/d").mode(01777),
              gone("t/d/x"),
              file("t/d/z", "2"),
              directory("t/o"),
              file("t/o/.wh..wh..opq", ""),
              file("t/o/new", "2"),
              directory("t/file").mode(0711),
              file("t/file/inside", "2"),
              file("t/directory", "a file now"),
              directory("usr"),
              directory("usr/share"),
              gone("usr/share/doc"),
              directory("etc"),
              gone("etc/debian_version")),
          List.of(
              directory("t").mode(0700).owner(3, 4),
              gone("t/d"),
              directory("links"),
              file("links/two", "no longer shared"),
              directory("setid").mode(02755).owner(0, 50),
              gone("setid/nothing")),
          List.of(
              directory("t"),
              directory("t/d").mode(0755),
              file("t/d/again", "4").owner(7, 8),
              file("t/b", "4"),
              directory("t/link"),
              file("t/link/inside", "4"),
              directory("setid"),
              file("setid/program", "#!/bin/sh\n").mode(04711).owner(0, 0)),
          List.of(
              directory("t").mode(0755),
              file("t/a", "5"),
              directory("t/o"),
              file("t/o/old", "5"),
              gone("t/file")));

  private record Item(TarEntry entry, byte[] contents) {
    Item mode(int mode) {
      return new Item(
          new TarEntry(
              entry.name(),
              entry.type(),
              entry.link(),
              mode,
              entry.uid(),
              entry.gid(),
              entry.mtime(),
              entry.size(),
              0,
              0,
              entry.xattrs()),
          contents);
    }

    Item owner(long uid, long gid) {
      return new Item(
          new TarEntry(
              entry.name(),
              entry.type(),
              entry.link(),
              entry.mode(),
              uid,
              gid,
              entry.mtime(),
              entry.size(),
              0,
              0,
              entry.xattrs()),
          contents);
    }

    Item with(String attribute, String value) {
      Map<String, String> xattrs = new HashMap<>(entry.xattrs());
      xattrs.put(attribute, value);
      return new Item(entry.withXattrs(xattrs), contents);
    }
  }

  private static Item item(String name, Type type, String link, int mode, String contents) {
    byte[] bytes = contents.getBytes(StandardCharsets.UTF_8);
    return new Item(
        new TarEntry(name, type, link, mode, 0, 0, 1_000_000_000, bytes.length, 0, 0, Map.of()),
        bytes);
  }

  private static Item file(String name, String contents) {
    return item(name, Type.FILE, "", 0644, contents);
  }

  private static Item directory(String name) {
    return item(name, Type.DIRECTORY, "", 0755, "");
  }

  private static Item link(String name, String target) {
    return item(name, Type.SYMBOLIC_LINK, target, 0777, "");
  }

  private static Item hard(String name, String target) {
    return item(name, Type.HARD_LINK, target, 0644, "");
  }

  private static Item gone(String name) {
    int slash = name.lastIndexOf('/') + 1;
    return file(name.substring(0, slash) + ".wh." + name.substring(slash), "");
  }

  private static byte[] tar(List<Item> items) {
    var bytes = new ByteArrayOutputStream();
    try (TarWriter out = new TarWriter(bytes)) {
      for (Item item : items) {
        out.write(item.entry(), new ByteArrayInputStream(item.contents()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @BeforeAll
  void stack() {
    Image image = store.ensure("base", Progress.silent());
    for (int i = 0; i < LAYERS.size(); i++) {
      image =
          store.addLayer(
              image,
              new ByteArrayInputStream(tar(LAYERS.get(i))),
              "layered:" + i,
              image.config(),
              "a test",
              Progress.silent());
      if (i == 2) {
        // Leans on nothing: three deltas, one for each layer.
        assertThat(image.deltas()).hasSize(Image.MOST_DELTAS);
      }
    }
    stacked = image;
    assertThat(stacked.deltas()).hasSizeBetween(2, Image.MOST_DELTAS);
    machine = started("layered:4");
  }

  private Machine started(String image) {
    MachineSpec spec =
        MachineSpec.named(Lab.name("layered")).toBuilder().image(Optional.of(image)).build();
    Machine started = machines.create(spec);
    made.add(started);
    started.start();
    return started;
  }

  @AfterAll
  void remove() {
    made.forEach(Machine::delete);
    machines.close();
  }

  private static String shell(Machine machine, String script) {
    ExecResult result = machine.run(ExecSpec.shell(script));
    assertThat(result.exitCode()).describedAs(result.err()).isZero();
    return result.out();
  }

  @Test
  void everyLayerHidesAndShowsWhatItShould() {
    assertThat(shell(machine, "cd /t && find . | LC_ALL=C sort").lines())
        .containsExactly(
            ".",
            "./a",
            "./b",
            "./d",
            "./d/again",
            "./directory",
            "./link",
            "./link/inside",
            "./o",
            "./o/new",
            "./o/old");
    assertThat(shell(machine, "cd /t && cat a b d/again directory o/new o/old"))
        .isEqualTo("544a file now25");
    assertThat(
            shell(machine, "stat -c '%a %u:%g %n' /t /t/d /setid /setid/program /t/directory")
                .lines())
        .containsExactly(
            "755 0:0 /t",
            "755 0:0 /t/d",
            "755 0:0 /setid",
            "4711 0:0 /setid/program",
            "644 0:0 /t/directory");
    assertThat(
            shell(
                machine,
                "test ! -e /usr/share/doc && test ! -e /etc/debian_version && ls /usr/share"))
        .contains("perl");
    assertThat(shell(machine, "cat /links/one /links/two; stat -c %h /links/one"))
        .isEqualTo("sharedno longer shared1\n");
    assertThat(shell(machine, ATTRIBUTES))
        .isEqualTo(
            "/capable/program security.capability 0100000200200000000000000000000000000000\n");
  }

  @Test
  void itIsTheSameAsAnImageThatWasMergedAsAWhole() throws IOException {
    List<Path> layers = new ArrayList<>();
    for (String digest : store.find("base").orElseThrow().layers()) {
      Path file = temp.resolve("base" + layers.size());
      try (InputStream in = store.openLayer(digest)) {
        Files.copy(in, file);
      }
      layers.add(file);
    }
    for (List<Item> each : LAYERS) {
      layers.add(Files.write(temp.resolve("layer" + layers.size()), tar(each)));
    }
    Image whole =
        store.importLayers(
            stacked.config(), layers, Optional.of("layered:whole"), Progress.silent());
    assertThat(whole.deltas()).isEmpty();
    Machine other = started("layered:whole");
    String expected = shell(other, LISTING);
    assertThat(expected.lines().count()).isGreaterThan(5_000);
    assertThat(shell(machine, LISTING).lines().toList()).isEqualTo(expected.lines().toList());
    for (String look : List.of(CONTENTS, ATTRIBUTES)) {
      assertThat(shell(machine, look)).isEqualTo(shell(other, look));
    }
  }

  @Test
  void aMachineWritesOnItAndFindsThatAgain() {
    Machine own = started("layered:4");
    shell(
        own,
        "cd /t && rm -r d a && mkdir a && echo mine >a/mine && mv link moved && echo more >>o/new"
            + " && chmod 600 b && rm /links/one");
    assertThat(own.stop()).isTrue();
    own.start();
    assertThat(
            shell(own, "cd /t && find . | LC_ALL=C sort; cat o/new a/mine; stat -c %a b; ls /links")
                .lines())
        .containsExactly(
            ".",
            "./a",
            "./a/mine",
            "./b",
            "./directory",
            "./moved",
            "./moved/inside",
            "./o",
            "./o/new",
            "./o/old",
            "2more",
            "mine",
            "600",
            "two");
    assertThat(own.imageDigest()).contains(stacked.digest());
  }
}
