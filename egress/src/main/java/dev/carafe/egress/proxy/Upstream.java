package dev.carafe.egress.proxy;

/** The side of the one who answers: one request, one answer. */
interface Upstream extends End {
  /** Sends the request's beginning. */
  void send(Request request, UpstreamEvents events);

  /** Whether the connection had been used before, so that it may have been closed meanwhile. */
  boolean reused();

  /** It is no longer needed: goes back to the pool if it is clean, and is closed otherwise. */
  void release();

  /** What it has to say. */
  interface UpstreamEvents extends End.Events {
    /** Something before the answer: 100 or 103. */
    void inform(Answer answer);

    /** The answer's beginning; its body follows unless it is empty. */
    void answer(Answer answer);

    /** It has changed to the protocol that was asked for. */
    void tunnel(Answer answer);
  }
}
