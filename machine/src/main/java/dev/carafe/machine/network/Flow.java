package dev.carafe.machine.network;

import java.nio.ByteBuffer;

/**
 * One stream of the relay: what is left of the two windows, which directions have ended, and the
 * frames about it that are still to be sent. Belongs to the relay's thread.
 */
abstract class Flow {
  final int id;
  final Relay relay;

  /** What we may still send, and what the guest may. */
  int sendWindow = Wire.WINDOW;

  int receiveWindow = Wire.WINDOW;
  boolean endSent;
  boolean endReceived;

  /** Frames to be sent, in this order; see {@link Outgoing}. */
  boolean acceptDue;

  byte[] openDue;
  int creditDue;
  byte[] dataDue;
  boolean endDue;
  boolean queued;

  Flow(Relay relay, int id) {
    this.relay = relay;
    this.id = id;
  }

  /** The next {@code bytes} of the guest, within the window; to be used up before this returns. */
  abstract void onData(ByteBuffer bytes, boolean end);

  /** The guest took bytes. */
  void onCredit() {}

  /** The guest accepted a stream of ours. */
  void onAccepted() {}

  /** What the flow sent is under way: it may send more. */
  void onSent() {}

  /** The stream is over, without any frame more: lets go of what it holds. */
  abstract void abandon();

  /** A quarter of a second has passed. */
  void onTick(long now) {}

  /** The guest's bytes have been passed on. */
  final void consumed(int bytes) {
    if (endReceived || bytes == 0) {
      return;
    }
    creditDue += bytes;
    if (creditDue >= Outgoing.CREDIT_STEP) {
      relay.outgoing().control(this);
    }
  }

  final void accept() {
    acceptDue = true;
    relay.outgoing().control(this);
  }

  /** No more from us. */
  final void end() {
    endSent = true;
    endDue = true;
    relay.outgoing().control(this);
  }

  final boolean isGuests() {
    return (id & 1) == 1;
  }
}
