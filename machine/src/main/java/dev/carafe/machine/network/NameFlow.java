package dev.carafe.machine.network;

import java.nio.ByteBuffer;

/**
 * Questions for names: one, when it is a datagram; any number one after the other, when it is a TCP
 * connection. Both are framed alike, by a length of two bytes. Belongs to the relay's thread.
 */
final class NameFlow extends Flow {
  /** A name server may be asked several times, and takes its time; the guest waits as long. */
  private static final long LIMIT = 10_000_000_000L;

  /** A TCP connection on which nothing is asked. */
  private static final long IDLE = 60_000_000_000L;

  private final boolean datagram;
  private final Pending pending = new Pending();
  private boolean asking;
  private boolean over;
  private long deadline;

  NameFlow(Relay relay, int id, boolean datagram, long now) {
    super(relay, id);
    this.datagram = datagram;
    deadline = now + IDLE;
    accept();
  }

  @Override
  void onData(ByteBuffer bytes, boolean end) {
    endReceived |= end;
    pending.add(bytes);
    next();
  }

  @Override
  void onSent() {
    if (datagram) {
      finish();
    } else {
      next();
    }
  }

  private void next() {
    if (asking || over || dataDue != null) {
      return;
    }
    if (pending.size() < 2) {
      if (endReceived) {
        finish();
      }
      return;
    }
    int length = pending.peek(0) << 8 | pending.peek(1);
    if (length > Wire.MAX_QUERY) {
      fail(Errno.CONNABORTED);
    } else if (pending.size() >= 2 + length) {
      byte[] framed = pending.take(2 + length);
      consumed(framed.length);
      asking = true;
      deadline = System.nanoTime() + LIMIT;
      byte[] query = java.util.Arrays.copyOfRange(framed, 2, framed.length);
      relay.names().answer(query, datagram, this::answered);
    } else if (endReceived) {
      fail(Errno.CONNABORTED);
    }
  }

  /** The answer, or null when there is none to be given. */
  private void answered(byte[] answer) {
    if (over) {
      return;
    }
    asking = false;
    deadline = System.nanoTime() + IDLE;
    if (answer == null || answer.length + 2 > sendWindow) {
      fail(Errno.CONNABORTED);
      return;
    }
    dataDue =
        ByteBuffer.allocate(2 + answer.length).putShort((short) answer.length).put(answer).array();
    relay.outgoing().control(this);
  }

  private void finish() {
    if (!endSent) {
      end();
    }
    if (endReceived && !over) {
      over = true;
      relay.over(this);
    }
  }

  private void fail(int errno) {
    if (!over) {
      over = true;
      pending.clear();
      relay.outgoing().forget(this);
      relay.outgoing().reset(id, errno);
      relay.over(this);
    }
  }

  @Override
  void onTick(long now) {
    if (!over && deadline - now < 0) {
      fail(Errno.TIMEDOUT);
    }
  }

  @Override
  void abandon() {
    over = true;
    pending.clear();
    relay.outgoing().forget(this);
  }
}
