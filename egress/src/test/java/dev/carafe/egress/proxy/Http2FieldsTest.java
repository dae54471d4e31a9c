package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.Limits;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fields of HTTP/2 that would be something else in HTTP/1.1 go no further. */
class Http2FieldsTest {
  private static Http2Headers headers() {
    return new DefaultHttp2Headers(false);
  }

  @ParameterizedTest
  @CsvSource({
    "x, 'a\r\nx-evil: 1'",
    "x, 'a\nb'",
    "x, 'a\0b'",
    "'x\r\nevil', a",
    "x:evil, a",
    "x evil, a",
    "X-Evil, a",
    "transfer-encoding, chunked",
    "connection, close",
    "upgrade, websocket",
    "content-length, +0",
    "content-length, '1, 1'"
  })
  void whatIsNotClearIsRefused(String name, String value) {
    Http2Headers headers = headers().add(name, value);
    assertThatThrownBy(() -> Http2Fields.fromFrame(headers, Limits.standard()))
        .isInstanceOf(Refused.class);
  }

  @Test
  void oneLengthIsEnough() {
    Http2Headers headers = headers().add("content-length", "1", "2");
    assertThatThrownBy(() -> Http2Fields.fromFrame(headers, Limits.standard()))
        .isInstanceOf(Refused.class);
  }

  @Test
  void thereAreOnlySoMany() {
    Http2Headers headers = headers();
    for (int i = 0; i <= Limits.standard().headers(); i++) {
      headers.add("x" + i, "y");
    }
    assertThatThrownBy(() -> Http2Fields.fromFrame(headers, Limits.standard()))
        .isInstanceOf(Refused.class);
  }

  @Test
  void whatIsClearStays() throws Refused {
    Http2Headers headers = headers().path("/").add("x", " y ").add("cookie", "a=b", "c=d");
    assertThat(Http2Fields.fromFrame(headers, Limits.standard()).entries())
        .extracting(Object::toString)
        .containsExactly("x=y", "cookie=a=b; c=d");
  }
}
