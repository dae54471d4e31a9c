package dev.carafe.egress.proxy;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;

/** The side of the one who asks. */
interface Client extends End {
  EventLoop loop();

  /** Says something before the answer: 100 or 103. */
  void inform(Answer answer);

  /** Begins the answer; its body follows unless it is empty. */
  void answer(Answer answer);

  /** Begins a tunnel: from here on both messages are bytes of another protocol. */
  void tunnel(Answer answer);

  /**
   * Answers with a text of the proxy's own.
   *
   * @param head whether only the head was asked for
   */
  default void say(int status, String type, String text, boolean head) {
    say(Answer.text(status, type, text), text, head);
  }

  private void say(Answer answer, String text, boolean head) {
    answer(answer);
    if (!head) {
      data(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)));
      end(Http1Reader.newHeaders());
    }
  }

  /** Answers why there is no other answer. */
  default void say(Refused why, boolean head) {
    say(Answer.refusal(why), why.text() + "\n", head);
  }

  /** Ends an answer that cannot be finished, so that the client notices. */
  void abort();
}
