package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class InflatePipeTest {
  private static byte[] gzip(byte[] bytes) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static byte[] text() {
    byte[] text = new byte[300_000];
    Random random = new Random(7);
    for (int i = 0; i < text.length; i++) {
      text[i] = (byte) ('a' + random.nextInt(4));
    }
    return text;
  }

  private static byte[] through(InflatePipe pipe, byte[] packed, int slice) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < packed.length; at += slice) {
      pipe.feed(Unpooled.copiedBuffer(packed, at, Math.min(slice, packed.length - at)));
      take(pipe, out);
    }
    pipe.finish();
    take(pipe, out);
    pipe.close();
    return out.toByteArray();
  }

  private static void take(InflatePipe pipe, ByteArrayOutputStream out) throws Exception {
    for (ByteBuf piece = pipe.next(); piece != null; piece = pipe.next()) {
      assertThat(piece.readableBytes()).isBetween(1, 32 << 10);
      byte[] bytes = new byte[piece.readableBytes()];
      piece.readBytes(bytes);
      piece.release();
      out.writeBytes(bytes);
    }
  }

  @Test
  void gzipComesOutAsItWentInHoweverItIsCut() throws Exception {
    byte[] packed = gzip(text());
    for (int slice : new int[] {1, 7, 1000, 100_000_000}) {
      assertThat(through(InflatePipe.gzip(new PlainPipe()), packed, slice)).isEqualTo(text());
    }
  }

  @Test
  void severalMembersAreOneBody() throws Exception {
    byte[] one = gzip("one ".getBytes());
    byte[] two = gzip("two".getBytes());
    byte[] both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    assertThat(through(InflatePipe.gzip(new PlainPipe()), both, 3)).asString().isEqualTo("one two");
  }

  @Test
  void deflateComesWithAHeaderOrWithout() throws Exception {
    for (boolean bare : new boolean[] {true, false}) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (DeflaterOutputStream deflate = new DeflaterOutputStream(out, new Deflater(6, bare))) {
        deflate.write(text());
      }
      assertThat(through(InflatePipe.deflate(new PlainPipe()), out.toByteArray(), 500))
          .isEqualTo(text());
    }
  }

  @Test
  void whatExpandsBeyondReasonComesInSmallPieces() throws Exception {
    byte[] packed = gzip(new byte[50_000_000]);
    InflatePipe pipe = InflatePipe.gzip(new PlainPipe());
    pipe.feed(Unpooled.wrappedBuffer(packed));
    ByteBuf piece = pipe.next();
    assertThat(piece.readableBytes()).isLessThanOrEqualTo(32 << 10);
    piece.release();
    pipe.close();
  }

  @Test
  void whatIsCutOrDamagedIsSaidSo() throws Exception {
    byte[] packed = gzip(text());
    assertThatThrownBy(
            () ->
                through(
                    InflatePipe.gzip(new PlainPipe()),
                    Arrays.copyOf(packed, packed.length - 1),
                    100))
        .hasMessageContaining("cut short");
    byte[] changed = packed.clone();
    changed[5000] ^= 1;
    assertThatThrownBy(() -> through(InflatePipe.gzip(new PlainPipe()), changed, 100))
        .isInstanceOf(Refused.class);
    assertThatThrownBy(() -> through(InflatePipe.gzip(new PlainPipe()), "no gzip".getBytes(), 100))
        .hasMessageContaining("no gzip header");
  }

  @Test
  void anEmptyBodyIsEmpty() throws Exception {
    assertThat(through(InflatePipe.gzip(new PlainPipe()), new byte[0], 1)).isEmpty();
    assertThat(through(InflatePipe.deflate(new PlainPipe()), new byte[0], 1)).isEmpty();
  }
}
