package dev.carafe.egress.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.TestHello;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ClientHelloTest {

  @Test
  void itsNameIsReadHoweverItComes() throws Exception {
    byte[] hello = TestHello.named("Api.Test");
    for (int length = 0; length < hello.length; length++) {
      assertThat(ClientHello.read(ByteBuffer.wrap(hello, 0, length))).isEmpty();
    }
    assertThat(ClientHello.read(ByteBuffer.wrap(hello)).orElseThrow().name()).contains("api.test");
  }

  @Test
  void itMayBeInManyRecords() throws Exception {
    byte[] hello = TestHello.named("api.test");
    ByteBuffer slices = ByteBuffer.allocate(hello.length * 6);
    for (int at = 5; at < hello.length; at += 2) {
      int length = Math.min(2, hello.length - at);
      slices.put((byte) 22).putShort((short) 0x301).putShort((short) length);
      slices.put(hello, at, length);
    }
    assertThat(ClientHello.read(slices.flip()).orElseThrow().name()).contains("api.test");
  }

  @Test
  void whatIsNoneIsSaidSo() {
    for (String text :
        new String[] {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n", "\u0016\u0003\u0001\0\0"}) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
      assertThatThrownBy(() -> ClientHello.read(bytes))
          .isInstanceOf(ClientHello.MalformedException.class);
    }
  }

  @Test
  void noByteThatIsChangedMakesItThrowAnythingElse() throws Exception {
    byte[] hello = TestHello.named("api.test");
    for (int at = 0; at < hello.length; at++) {
      for (int value : new int[] {0, 1, 0x7f, 0xff}) {
        byte[] changed = hello.clone();
        changed[at] = (byte) value;
        try {
          ClientHello.read(ByteBuffer.wrap(changed));
        } catch (ClientHello.MalformedException e) {
          assertThat(e).hasMessageStartingWith("t");
        }
      }
    }
  }
}
