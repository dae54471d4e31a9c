package dev.carafe.machine.smolvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TailTest {
  @Test
  void holdsTheLastBytesHoweverTheyCame() {
    Random random = new Random(7);
    StringBuilder all = new StringBuilder();
    Tail tail = new Tail();
    assertThat(tail.text()).isEmpty();
    for (int i = 0; i < 300; i++) {
      int length = random.nextInt(i % 10 == 0 ? 50_000 : 3_000);
      String text = String.valueOf((char) ('a' + i % 26)).repeat(length);
      all.append(text);
      byte[] bytes = ("[" + text + "]").getBytes(StandardCharsets.UTF_8);
      tail.add(bytes, 1, length);
      assertThat(tail.text()).isEqualTo(all.substring(Math.max(0, all.length() - (16 << 10))));
    }
  }
}
