package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.Limits;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is no HTTP is refused by the reader already, whoever would look at it after. */
class Http1ReaderTest {
  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.carafe.egress.SmugglingTest#unclear")
  void whatTwoReadersCouldUnderstandDifferentlyIsRefused(String name, String request) {
    Http1Reader reader = Http1Reader.ofRequests(Limits.standard());
    byte[] bytes = request.replace("PORT", "80").getBytes(StandardCharsets.ISO_8859_1);
    reader.add(Unpooled.copiedBuffer(bytes));
    try {
      assertThatThrownBy(() -> readAll(reader)).isInstanceOf(Refused.class);
    } finally {
      reader.close();
    }
  }

  private static void readAll(Http1Reader reader) throws Refused {
    for (Http1Reader.Piece piece = reader.next(); piece != null; piece = reader.next()) {
      if (piece instanceof Http1Reader.Data data) {
        data.bytes().release();
      }
    }
  }
}
