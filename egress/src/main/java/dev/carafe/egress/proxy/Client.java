package dev.carafe.egress.proxy;

import io.netty.channel.EventLoop;

/** The side of the one who asks. */
interface Client extends End {
  EventLoop loop();

  /** Says something before the answer: 100 or 103. */
  void inform(Answer answer);

  /** Begins the answer; its body follows unless it is empty. */
  void answer(Answer answer);

  /** Begins a tunnel: from here on both messages are bytes of another protocol. */
  void tunnel(Answer answer);

  /** Ends an answer that cannot be finished, so that the client notices. */
  void abort();
}
