package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.carafe.egress.Limits;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;

/** Whatever comes, the reader finds the same messages however it is cut, or refuses it. */
class Http1ReaderFuzzTest {

  @FuzzTest
  void cutsMakeNoDifference(byte[] data) {
    if (data.length < 2) {
      return;
    }
    boolean requests = (data[0] & 1) == 0;
    int slice = 1 + (data[1] & 0x0f);
    List<String> whole = read(requests, data, data.length);
    List<String> pieces = read(requests, data, slice);
    assertThat(pieces).isEqualTo(whole);
  }

  private static List<String> read(boolean requests, byte[] data, int slice) {
    Limits limits = Limits.standard();
    Http1Reader reader =
        requests ? Http1Reader.ofRequests(limits) : Http1Reader.ofResponses(limits);
    List<String> seen = new ArrayList<>();
    StringBuilder body = new StringBuilder();
    try {
      for (int at = 2; at < data.length; at += slice) {
        reader.add(Unpooled.copiedBuffer(data, at, Math.min(slice, data.length - at)));
        for (Http1Reader.Piece piece = reader.next(); piece != null; piece = reader.next()) {
          switch (piece) {
            case Http1Reader.Data bytes -> {
              body.append(bytes.bytes().toString(java.nio.charset.StandardCharsets.ISO_8859_1));
              bytes.bytes().release();
            }
            case Http1Reader.Finish finish ->
                seen.add(body + " end " + finish.trailers().entries());
            case Http1Reader.RequestHead head ->
                seen.add(head.method() + head.target() + head.headers().entries() + head.empty());
            case Http1Reader.ResponseHead head ->
                seen.add(head.status() + "" + head.headers().entries() + head.untilClose());
          }
        }
      }
    } catch (Refused e) {
      seen.add("refused");
    } finally {
      reader.close();
    }
    return seen;
  }
}
