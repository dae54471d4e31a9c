package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * One request and all that belongs to it: its lanes, their credit, its result. It is open from its
 * request to its result, or to the channel's end, whichever is first, and after that answers from
 * what it has. The {@code on…} methods are the channel thread's, never wait, and refuse what the
 * stream's state does not allow; the others are the callers', and may wait. Safe for use by many
 * threads, each lane by one at a time.
 */
final class Stream {
  /** What the guest said at the end. The message is fit to be shown. */
  record Result(int kind, int code, String message) {}

  private final int id;
  private final int operation;
  private final String attempted;
  private final int lanesAllowed;
  private final Outbox outbox;
  private final Outbox.Controls controls;
  private final Lane output = new Lane();
  private final Lane error = new Lane();

  /** How long to wait for the guest, each time; while {@code untilStarted}, only before STARTED. */
  private final long patience;

  private final boolean untilStarted;

  private int credit = Protocol.WINDOW;
  private boolean requested;
  private boolean inputEnded;

  /** Whether a thread is sending on lane 0, which it does without this stream's lock. */
  private boolean sending;

  private boolean started;
  private int pid;
  private boolean cancelled;
  private Result result;
  private ErrorCode lostCode;
  private String lostReason;

  /** What there is to know of a stream before it is opened. */
  record Terms(Request request, boolean input, int lanes, long patience, boolean untilStarted) {
    /** A request that is answered with a result and nothing else. */
    static Terms plain(Request request) {
      return new Terms(request, false, 0, Patience.ENDLESS, false);
    }
  }

  Stream(int id, Terms terms, Outbox outbox) {
    this.id = id;
    this.operation = terms.request().operation();
    this.attempted = terms.request().attempted();
    this.lanesAllowed = terms.lanes();
    this.inputEnded = !terms.input();
    this.patience = terms.patience();
    this.untilStarted = terms.untilStarted();
    this.outbox = outbox;
    this.controls = new Outbox.Controls(id);
  }

  int id() {
    return id;
  }

  String attempted() {
    return attempted;
  }

  // ---- what the guest does: the channel's thread

  synchronized void onStarted(int process) throws Violation {
    boolean expected =
        operation == Protocol.EXEC
            || operation == Protocol.PUT
            || operation == Protocol.GET
            || operation == Protocol.FREEZE;
    if (!expected || started) {
      throw new Violation("started what was not to be started");
    }
    started = true;
    pid = process;
    notifyAll();
  }

  synchronized void onData(int lane, boolean end, ByteBuffer frame, int offset, int length)
      throws Violation {
    if ((lanesAllowed & 1 << lane) == 0 || length > 0 && !started) {
      throw new Violation("sent data on lane " + lane + " of a request that has none there");
    }
    lane(lane).receive(frame, offset, length, end);
    giveCredit(lane);
    notifyAll();
  }

  synchronized void onCredit(int bytes) throws Violation {
    if (bytes > Protocol.WINDOW - credit) {
      throw new Violation("gave credit beyond the window");
    }
    credit += bytes;
    notifyAll();
  }

  synchronized void onResult(int kind, int code, String message) throws Violation {
    boolean ended = kind == Protocol.SIGNALLED || kind == Protocol.TIMED_OUT;
    if (operation == Protocol.EXEC) {
      ended |= kind == Protocol.DONE;
    } else if (kind == Protocol.TIMED_OUT
        || kind == Protocol.NOT_STARTED
        || kind == Protocol.DONE && code != 0 && operation != Protocol.PROBE) {
      throw new Violation("answered a request with a command's result");
    }
    if (ended && !started) {
      throw new Violation("ended what it had not started");
    }
    if (started && (unfinished(Protocol.OUTPUT) || unfinished(Protocol.ERROR))) {
      throw new Violation("sent a result before the end of its lanes");
    }
    if (kind == Protocol.NOT_STARTED && started) {
      throw new Violation("did not start a command that it had started");
    }
    output.end();
    error.end();
    result = new Result(kind, code, message);
    notifyAll();
  }

  private boolean unfinished(int lane) {
    return (lanesAllowed & 1 << lane) != 0 && !lane(lane).ended();
  }

  /** The channel is gone; a result that came before stays. */
  synchronized void onLost(ErrorCode code, String reason) {
    if (result == null && lostCode == null) {
      lostCode = code;
      lostReason = reason;
    }
    notifyAll();
  }

  // ---- what the callers do

  /** Sends the request. To be called once, before anything else. */
  void request(ByteBuffer encoded) {
    int end = encoded.limit();
    boolean more;
    do {
      more = end - encoded.position() > Protocol.MAX_PAYLOAD;
      encoded.limit(more ? encoded.position() + Protocol.MAX_PAYLOAD : end);
      if (!outbox.send(Protocol.REQUEST, more ? Protocol.MORE : 0, id, encoded)) {
        // Whoever closes the channel also says why; this only must not be silent until then.
        onLost(ErrorCode.LOST, "the connection to the guest is closed");
        return;
      }
    } while (more);
    synchronized (this) {
      requested = true;
    }
  }

  /**
   * Sends all of {@code data} on lane 0, waiting for credit, and ends the lane if so asked. Throws
   * {@link IOException} when the request is over, or the channel.
   */
  void write(ByteBuffer data, boolean end) throws IOException {
    int limit = data.limit();
    do {
      boolean last;
      synchronized (this) {
        waitForCredit(data.hasRemaining());
        int piece = Math.min(Math.min(data.remaining(), credit), Protocol.MAX_PAYLOAD);
        credit -= piece;
        data.limit(data.position() + piece);
        last = end && data.limit() == limit;
        inputEnded = last;
        sending = true;
      }
      if (!sendInput(data, last)) {
        throw new IOException("Broken pipe");
      }
      data.limit(limit);
    } while (data.hasRemaining());
  }

  /** Sends what this thread has set {@link #sending} for. */
  private boolean sendInput(ByteBuffer data, boolean last) {
    try {
      return outbox.send(Protocol.DATA, Protocol.INPUT | (last ? Protocol.END : 0), id, data);
    } finally {
      synchronized (this) {
        sending = false;
        notifyAll();
      }
    }
  }

  /** Until this thread may send something, and nobody else does. */
  private void waitForCredit(boolean needed) throws IOException {
    long since = System.nanoTime();
    while (true) {
      throwIfLost();
      if (result != null || cancelled) {
        throw new IOException("Broken pipe");
      }
      if (inputEnded) {
        throw new IOException("Stream closed");
      }
      if (!sending && (credit > 0 || !needed)) {
        return;
      }
      waitForGuest(since);
    }
  }

  /**
   * Ends lane 0 if it has not ended, and never fails. Does not wait for credit, but for a piece of
   * another thread's that is being sent: what came after the end would break the protocol.
   */
  void endInput() {
    boolean interrupted = false;
    boolean mine;
    synchronized (this) {
      while (sending) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      mine = !inputEnded && result == null && lostCode == null;
      sending = mine;
      inputEnded = true;
    }
    if (mine) {
      sendInput(ByteBuffer.allocate(0), true);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Reads what there is on a lane, waiting for the first byte; -1 at the lane's end. */
  synchronized int read(int lane, byte[] to, int offset, int length) throws IOException {
    if (!waitForData(lane)) {
      return -1;
    }
    int taken = lane(lane).take(to, offset, length);
    giveCredit(lane);
    return taken;
  }

  /** Reads what there is on a lane and fits, waiting for the first byte; -1 at the lane's end. */
  synchronized int read(int lane, ByteBuffer to) throws IOException {
    if (!waitForData(lane)) {
      return -1;
    }
    int taken = lane(lane).take(to);
    giveCredit(lane);
    return taken;
  }

  /** Never waits: the outbox keeps what the socket does not take. */
  private void giveCredit(int lane) {
    int bytes = lane(lane).credit();
    if (bytes > 0) {
      outbox.credit(controls, lane, bytes);
    }
  }

  private boolean waitForData(int lane) throws IOException {
    long since = System.nanoTime();
    while (lane(lane).size() == 0) {
      if (lane(lane).ended()) {
        return false;
      }
      throwIfLost();
      if (cancelled) {
        throw new IOException("Stream closed");
      }
      waitForGuest(since);
    }
    return true;
  }

  synchronized int available(int lane) {
    return lane(lane).size();
  }

  /** Drops what is on a lane and what is still to come, so that the guest never waits for it. */
  synchronized void discard(int lane) {
    lane(lane).discard();
    giveCredit(lane);
  }

  void signal(int number) {
    if (open()) {
      outbox.signal(controls, number);
    }
  }

  void resize(int rows, int columns) {
    if (open()) {
      outbox.resize(controls, rows, columns);
    }
  }

  /** Tells the guest to stop, and lets go of all that is still to come. Never waits. */
  synchronized void cancel() {
    if (cancelled) {
      return;
    }
    boolean tell = open();
    cancelled = true;
    inputEnded = true;
    discard(Protocol.OUTPUT);
    discard(Protocol.ERROR);
    if (tell) {
      outbox.cancel(controls);
    }
    notifyAll();
  }

  private synchronized boolean open() {
    return requested && result == null && lostCode == null && !cancelled;
  }

  /** The process id in the guest; -1 before it is known. */
  synchronized int pid() {
    return started ? pid : -1;
  }

  /** The result, or null while there is none; does not wait, and does not fail. */
  synchronized Result result() {
    return result;
  }

  /**
   * Waits for the result, at most {@code nanos} long.
   *
   * @return null when the time is over
   * @throws MachineException when the channel, the guest's time to answer, or this thread's
   *     patience (an interrupt) ends first
   */
  synchronized Result await(long nanos) {
    long since = System.nanoTime();
    while (result == null) {
      throwLost();
      long left = nanos == Patience.ENDLESS ? nanos : nanos - (System.nanoTime() - since);
      if (left <= 0) {
        return null;
      }
      try {
        waitForGuest(since, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new MachineException(ErrorCode.LOST, attempted, "interrupted while waiting", e);
      }
    }
    return result;
  }

  /** As {@link #await}, but for work whose end is only bounded by the guest's silence. */
  Result await() {
    return await(Patience.ENDLESS);
  }

  private void waitForGuest(long since) throws IOException {
    try {
      waitForGuest(since, Patience.ENDLESS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the guest");
    }
  }

  /** One wait, for a notification or until the guest's or the caller's time is over. */
  private void waitForGuest(long since, long most) throws InterruptedException {
    long allowed = untilStarted && started ? Patience.ENDLESS : patience;
    long left = allowed == Patience.ENDLESS ? allowed : allowed - (System.nanoTime() - since);
    if (left <= 0) {
      giveUp(allowed);
    } else if (left == Patience.ENDLESS && most == Patience.ENDLESS) {
      wait();
    } else {
      TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, most));
    }
  }

  private void giveUp(long waited) {
    onLost(
        ErrorCode.TIMEOUT,
        "the guest has not answered for " + waited / 1_000_000 + " milliseconds");
    if (requested && !cancelled) {
      outbox.cancel(controls);
    }
    discard(Protocol.OUTPUT);
    discard(Protocol.ERROR);
  }

  private void throwLost() {
    if (lostCode != null) {
      throw new MachineException(lostCode, attempted, lostReason);
    }
  }

  private void throwIfLost() throws IOException {
    if (lostCode != null) {
      throw new IOException(lostReason, new MachineException(lostCode, attempted, lostReason));
    }
  }

  private Lane lane(int lane) {
    return lane == Protocol.OUTPUT ? output : error;
  }
}
