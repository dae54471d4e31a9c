package dev.carafe.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.carafe.image.tar.BadArchiveException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecompressionTest {
  private static final byte[] TEXT =
      "some text that is long enough to compress, to compress, to compress"
          .getBytes(StandardCharsets.UTF_8);

  @ParameterizedTest
  @ValueSource(strings = {"plain", "gzip", "zstd", "xz"})
  void findsOutHowAStreamIsCompressed(String how) throws IOException {
    assertThat(open(compress(how, TEXT), 1_000).readAllBytes()).isEqualTo(TEXT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd", "xz"})
  void readsSeveralCompressedPiecesOneAfterTheOther(String how) throws IOException {
    byte[] piece = compress(how, TEXT);
    byte[] both = Arrays.copyOf(piece, 2 * piece.length);
    System.arraycopy(piece, 0, both, piece.length, piece.length);
    assertThat(open(both, 1_000).readAllBytes()).hasSize(2 * TEXT.length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "gzip", "zstd", "xz"})
  void whatUnpacksToMoreThanTheLimitIsRefused(String how) throws IOException {
    byte[] bomb = compress(how, new byte[3_000_000]);
    assertThatThrownBy(() -> open(bomb, 2_999_999).readAllBytes())
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("2999999 bytes");
    assertThat(open(bomb, 3_000_000).readAllBytes()).hasSize(3_000_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd", "xz"})
  void damageIsRefused(String how) throws IOException {
    byte[] cut = compress(how, TEXT);
    byte[] half = Arrays.copyOf(cut, cut.length - 5);
    assertThatThrownBy(() -> open(half, 1_000).readAllBytes())
        .isInstanceOf(BadArchiveException.class);
  }

  private static InputStream open(byte[] bytes, long limit) throws IOException {
    return Decompression.open(new ByteArrayInputStream(bytes), limit);
  }

  private static byte[] compress(String how, byte[] plain) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    OutputStream out =
        switch (how) {
          case "gzip" -> new GZIPOutputStream(bytes);
          case "zstd" -> new ZstdOutputStream(bytes);
          case "xz" -> new XZCompressorOutputStream(bytes);
          default -> bytes;
        };
    try (out) {
      out.write(plain);
    }
    return bytes.toByteArray();
  }
}
