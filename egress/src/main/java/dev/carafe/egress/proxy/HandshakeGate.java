package dev.carafe.egress.proxy;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Lets a few handshakes be computed at the same time and the others wait in line: all at once, each
 * would take as long as all together. Any thread.
 */
final class HandshakeGate {
  private final int waitingLimit;
  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private int free;

  HandshakeGate(int permits, int waitingLimit) {
    this.free = permits;
    this.waitingLimit = waitingLimit;
  }

  /**
   * Asks to begin.
   *
   * @param go run at once, or later by whoever calls {@link #leave}; must not block
   * @return false if too many wait already; then {@code go} is never run
   */
  boolean enter(Runnable go) {
    synchronized (this) {
      if (free == 0) {
        if (waiting.size() >= waitingLimit) {
          return false;
        }
        waiting.add(go);
        return true;
      }
      free--;
    }
    go.run();
    return true;
  }

  /** One that has begun is over. */
  void leave() {
    Runnable next;
    synchronized (this) {
      next = waiting.poll();
      if (next == null) {
        free++;
      }
    }
    if (next != null) {
      next.run();
    }
  }
}
