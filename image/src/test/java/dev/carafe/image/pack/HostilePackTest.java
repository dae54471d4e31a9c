package dev.carafe.image.pack;

import static dev.carafe.image.pack.PackBuilder.LAYER;
import static dev.carafe.image.pack.PackBuilder.LAYER_PATH;
import static dev.carafe.image.pack.PackBuilder.entry;
import static dev.carafe.image.pack.PackBuilder.file;
import static dev.carafe.image.pack.PackBuilder.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.carafe.image.ImageException;
import dev.carafe.image.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Packs that lie. Every one is refused by a sentence, and nothing has been written. */
class HostilePackTest {
  private static final long FAR = Long.MAX_VALUE - 10;

  @TempDir Path temp;

  static Stream<Arguments> lies() {
    return Stream.of(
        lie("an empty file", pack().bytes(bytes -> new byte[0]), "only 0 bytes"),
        lie("a footer alone", pack().bytes(b -> tail(b, 64)), "footer is wrong"),
        lie("another kind of file", pack().bytes(bytes -> new byte[4096]), "not a .smolmachine"),
        lie("a file cut at its end", pack().bytes(b -> Arrays.copyOf(b, b.length - 1)), "not a .s"),
        lie("a file cut at its start", pack().bytes(b -> tail(b, b.length - 1)), "footer is wrong"),
        lie("version 0", pack().footer(8, 0), "version 0"),
        lie("version 4", pack().footer(8, 4), "version 4"),
        lie("a version of all ones", pack().footer(8, -1), "version 4294967295"),
        lie("a program larger than the file", pack().footer(12, FAR), "program is larger"),
        lie("a negative program", pack().footer(12, -1), "program is larger"),
        lie("assets that overlap the manifest", pack().footer(28, 1000), "manifest does not start"),
        lie("assets that start elsewhere", pack().footer(20, 8), "assets do not start"),
        lie("assets of nearly 2^63", pack().footer(28, FAR), "assets are larger"),
        lie("assets of negative size", pack().footer(28, -5), "assets are larger"),
        lie("no assets", pack().footer(28, 0), "assets are larger"),
        lie("a manifest over the assets", pack().footer(36, 0), "manifest does not start"),
        lie("a manifest behind the end", pack().footer(36, FAR), "manifest does not start"),
        lie("a manifest too long for the file", pack().footer(44, 1 << 20), "does not end"),
        lie("a manifest of 17 MiB", pack().footer(44, 17 << 20), "limit is 16 MiB"),
        lie("a manifest of negative size", pack().footer(44, -1), "limit is 16 MiB"),
        lie("one bit turned over", pack().bytes(HostilePackTest::flip), "checksum is wrong"),
        lie("a manifest that is not JSON", json("{", "("), "not well-formed JSON"),
        lie("a manifest with more behind it", json("\n}\n", "}{}"), "not well-formed JSON"),
        lie("a field that is there twice", json("\"cpus\": 4", "\"cpus\": 4, \"cpus\": 5"), "JSON"),
        lie(
            "a manifest nested very deep",
            json("\"/srv\"", "[".repeat(90)),
            "not well-formed JSON"),
        lie("a list as the manifest", pack().manifest(json -> "[]"), "not a JSON object"),
        lie("an unknown mode", json("\"container\"", "\"image\""), "'mode' is neither"),
        lie("no image", json("\"image\"", "\"other\""), "'image' is missing"),
        lie("no processors", json("\"cpus\": 4", "\"cpus\": 0"), "'cpus' is 0"),
        lie("half a processor", json("\"cpus\": 4", "\"cpus\": 0.5"), "'cpus' is not a whole"),
        lie("memory as text", json("8192", "\"8192\""), "'mem' is not a whole"),
        lie("a size that overflows", json(size(), "99999999999999999999"), "'size' is not a whole"),
        lie("a negative size", json(size(), "-1"), "'size' is -1"),
        lie("a relative directory", json("\"/srv\"", "\"srv\""), "'workdir' is not an absolute"),
        lie("a variable without a name", json("A=b=c", "=b"), "'env' has an entry"),
        lie("a layer above the assets", json(LAYER_PATH, "../x.tar"), "leads upwards"),
        lie("a layer with an absolute path", json(LAYER_PATH, "/etc/x"), "is absolute"),
        lie("a layer with two names", json(LAYER_PATH, "layers//x"), "not a plain relative path"),
        lie("a layer that is the agent", json(LAYER_PATH, "agent-rootfs.tar"), "a second time"),
        lie(
            "a digest that is a path",
            json("sha256:" + hex() + "\", \"path", "x\", \"path"),
            "dig"),
        lie("layers of 65 GiB", json(size(), "" + (65L << 30)), "more than 64 GiB"),
        lie("a bomb, by the manifest", json(size(), "" + (60L << 30)), "claims to hold layers"),
        lie(
            "a bomb, by the assets",
            pack().assetsTar(PackBuilder.assets(zeros())),
            "has 50000000 b"),
        lie("a bomb behind the archive", pack().assetsTar(tailed(zeros())), "follows their end"),
        lie("something behind the archive", pack().assetsTar(tailed(ones())), "follows their end"),
        lie("a layer shorter than it says", pack().assetsTar(PackBuilder.assets(half())), "says"),
        lie(
            "a layer with other bytes",
            pack().assetsTar(PackBuilder.assets(other())),
            "its digest"),
        lie("no layer", assets(out -> {}), "do not hold 'layers/"),
        lie(
            "no agent",
            pack().assetsTar(tar(out -> file(out, LAYER_PATH, LAYER))),
            "'agent-rootfs"),
        lie("a member nobody named", assets(out -> layerAnd(out, "extra")), "manifest does not"),
        lie(
            "a member with an absolute path",
            assets(out -> layerAnd(out, "/etc/x")),
            "is absolute"),
        lie("a member that leads upwards", assets(out -> layerAnd(out, "../x")), "leads upwards"),
        lie("a member that is there twice", assets(HostilePackTest::layerTwice), "twice"),
        lie("a directory nobody named", assets(HostilePackTest::layerAndDirectory), "does not"),
        lie("a layer that is a symbolic link", assets(link(TarConstants.LF_SYMLINK)), "regular"),
        lie("a layer that is a hard link", assets(link(TarConstants.LF_LINK)), "regular"),
        lie("a layer that is a device", assets(link(TarConstants.LF_BLK)), "regular"),
        lie("a layer that is a pipe", assets(link(TarConstants.LF_FIFO)), "regular"),
        lie("assets that are not zstd", pack().compressed(new byte[5000]), "zstd"),
        lie("assets that are cut off", pack().compressed(cut()), "damaged"),
        lie("assets that are not a tar", pack().assetsTar(ones()), "damaged"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lies")
  void isRefusedBeforeAnythingIsWritten(String what, PackBuilder builder, String says)
      throws Exception {
    Path pack = Files.write(temp.resolve("p.smolmachine"), builder.build());
    Path scratch = Files.createDirectory(temp.resolve("scratch"));

    assertThatThrownBy(() -> Packs.inspect(pack))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("cannot read the pack '" + pack + "': it")
        .hasMessageContaining(says)
        .hasMessageMatching("[^\n]*");
    assertThatThrownBy(
            () ->
                Packs.load(
                    pack,
                    name -> Optional.empty(),
                    (config, layers, name, progress) -> {
                      throw new AssertionError("a lie was imported");
                    },
                    "amd64",
                    scratch,
                    Progress.silent()))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining(says);
    assertThat(scratch).isEmptyDirectory();
    assertThat(temp).isDirectoryNotContaining(path -> !path.equals(pack) && !path.equals(scratch));
  }

  @Test
  void theTruthIsNotRefused() throws Exception {
    Path pack = Files.write(temp.resolve("p.smolmachine"), pack().build());
    assertThat(Packs.inspect(pack).layers()).hasSize(1);
  }

  private static Arguments lie(String what, PackBuilder builder, String says) {
    return Arguments.of(what, builder, says);
  }

  private static PackBuilder pack() {
    return new PackBuilder();
  }

  private static PackBuilder json(String target, String replacement) {
    return pack().manifest(json -> json.replace(target, replacement));
  }

  private static PackBuilder assets(java.util.function.Consumer<TarArchiveOutputStream> rest) {
    return pack()
        .assetsTar(
            tar(
                out -> {
                  file(out, "agent-rootfs.tar", new byte[1024]);
                  rest.accept(out);
                }));
  }

  private static java.util.function.Consumer<TarArchiveOutputStream> link(byte type) {
    return out -> entry(out, LAYER_PATH, type, "/etc/passwd");
  }

  private static void layerAnd(TarArchiveOutputStream out, String name) {
    file(out, LAYER_PATH, LAYER);
    file(out, name, "x");
  }

  private static void layerTwice(TarArchiveOutputStream out) {
    file(out, LAYER_PATH, LAYER);
    file(out, LAYER_PATH, LAYER);
  }

  private static void layerAndDirectory(TarArchiveOutputStream out) {
    file(out, LAYER_PATH, LAYER);
    entry(out, "other/", TarConstants.LF_DIR, "");
  }

  private static String size() {
    return "" + LAYER.length;
  }

  private static String hex() {
    return PackBuilder.LAYER_HEX;
  }

  private static byte[] zeros() {
    return new byte[50_000_000];
  }

  private static byte[] ones() {
    byte[] bytes = new byte[2048];
    Arrays.fill(bytes, (byte) 1);
    return bytes;
  }

  private static byte[] half() {
    return Arrays.copyOf(LAYER, LAYER.length / 2);
  }

  private static byte[] other() {
    byte[] bytes = LAYER.clone();
    bytes[512]++;
    return bytes;
  }

  private static byte[] tailed(byte[] tail) {
    byte[] tar = PackBuilder.assets(LAYER);
    byte[] both = Arrays.copyOf(tar, tar.length + tail.length);
    System.arraycopy(tail, 0, both, tar.length, tail.length);
    return both;
  }

  private static byte[] cut() {
    byte[] whole = Zstd.compress(PackBuilder.assets(LAYER), 3);
    return Arrays.copyOf(whole, whole.length / 2);
  }

  private static byte[] tail(byte[] bytes, int length) {
    return Arrays.copyOfRange(bytes, bytes.length - length, bytes.length);
  }

  private static byte[] flip(byte[] bytes) {
    bytes[20] ^= 1;
    return bytes;
  }
}
