package dev.carafe.image.pack;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Makes packs by hand, right ones and wrong ones, without the code that is under test. */
final class PackBuilder {
  static final byte[] LAYER = tar(out -> file(out, "etc/hello", "hello from the layer\n"));
  static final String LAYER_HEX = sha256(LAYER);
  static final String LAYER_PATH = "layers/" + LAYER_HEX + ".tar";

  private byte[] assetsTar = assets(LAYER);
  private byte[] compressed;
  private String manifest = manifest(LAYER.length);
  private UnaryOperator<byte[]> lastTouch = bytes -> bytes;

  /** What smolvm 0.8 would write for an image of one layer, in Carafe's name. */
  static String manifest(long layerSize) {
    return """
    {
      "mode": "container",
      "image": "alpine:latest",
      "digest": "sha256:%1$s",
      "platform": "linux/amd64",
      "entrypoint": ["/bin/sh"],
      "cmd": ["-l"],
      "env": ["PATH=/bin", "A=b=c"],
      "workdir": "/srv",
      "cpus": 4,
      "mem": 8192,
      "image_size": 10,
      "network": false,
      "gpu": false,
      "host_platform": "linux/amd64",
      "created": "2026-11-22T00:00:00Z",
      "smolvm_version": "carafe 0.1.0",
      "assets": {
        "libraries": [{"path": "lib/libkrun.so", "size": 3}],
        "agent_rootfs": {"path": "agent-rootfs.tar", "size": 1024},
        "layers": [{"digest": "sha256:%1$s", "path": "layers/%1$s.tar", "size": %2$d}]
      }
    }
    """
        .formatted(LAYER_HEX, layerSize);
  }

  static byte[] assets(byte[] layer) {
    return tar(
        out -> {
          file(out, "agent-rootfs.tar", new byte[1024]);
          entry(out, "layers/", TarConstants.LF_DIR, "");
          file(out, LAYER_PATH, layer);
        });
  }

  PackBuilder assetsTar(byte[] tar) {
    assetsTar = tar;
    return this;
  }

  PackBuilder compressed(byte[] bytes) {
    compressed = bytes;
    return this;
  }

  PackBuilder manifest(UnaryOperator<String> change) {
    String changed = change.apply(manifest);
    if (changed.equals(manifest)) {
      throw new AssertionError("the change to the manifest changed nothing");
    }
    manifest = changed;
    return this;
  }

  /** Changes the finished bytes. */
  PackBuilder bytes(UnaryOperator<byte[]> change) {
    lastTouch = change;
    return this;
  }

  /** Overwrites a number of the footer. */
  PackBuilder footer(int offset, long value) {
    return bytes(
        bytes -> {
          ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
          int at = bytes.length - 64 + offset;
          if (offset == 8) {
            buffer.putInt(at, (int) value);
          } else {
            buffer.putLong(at, value);
          }
          return bytes;
        });
  }

  byte[] build() {
    byte[] assets = compressed != null ? compressed : Zstd.compress(assetsTar, 3);
    byte[] json = manifest.getBytes(StandardCharsets.UTF_8);
    CRC32 crc = new CRC32();
    crc.update(assets);
    crc.update(json);
    byte[] whole =
        ByteBuffer.allocate(assets.length + json.length + 64)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(assets)
            .put(json)
            .put("SMOLPACK".getBytes(StandardCharsets.US_ASCII))
            .putInt(1)
            .putLong(0)
            .putLong(0)
            .putLong(assets.length)
            .putLong(assets.length)
            .putLong(json.length)
            .putInt((int) crc.getValue())
            .array();
    return lastTouch.apply(whole);
  }

  static byte[] tar(Consumer<TarArchiveOutputStream> content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out = new TarArchiveOutputStream(bytes)) {
      content.accept(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static void file(TarArchiveOutputStream out, String name, String text) {
    file(out, name, text.getBytes(StandardCharsets.UTF_8));
  }

  static void file(TarArchiveOutputStream out, String name, byte[] bytes) {
    try {
      // Names are kept as they are, also the ones that lead elsewhere.
      TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_NORMAL, true);
      entry.setSize(bytes.length);
      out.putArchiveEntry(entry);
      out.write(bytes);
      out.closeArchiveEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void entry(TarArchiveOutputStream out, String name, byte type, String link) {
    try {
      TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
      entry.setLinkName(link);
      out.putArchiveEntry(entry);
      out.closeArchiveEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String sha256(byte[] bytes) {
    MessageDigest digest = Sha256.start();
    digest.update(bytes);
    return Sha256.finish(digest).substring(Sha256.PREFIX.length());
  }
}
