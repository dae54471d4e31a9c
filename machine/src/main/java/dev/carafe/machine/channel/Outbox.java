package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;

/**
 * All that goes to the guest, whole frame by whole frame. Whoever has something to send writes it
 * to the socket at once, without another thread; only what the socket does not take is left for the
 * channel's own thread. That is at most two frames of data, for which their senders wait, and the
 * control frames, for which nobody ever waits: they are kept as a few numbers per stream until
 * there is room. Safe for use by many threads.
 */
final class Outbox {
  private static final int CONTROL_ROOM = 4_096;
  private static final int CAPACITY = 2 * Protocol.RESYNC_BYTES + CONTROL_ROOM;

  private final SocketChannel socket;
  private final SelectionKey key;

  /** Bytes that the socket has not taken yet; always ready to be added to. */
  private final ByteBuffer staging = FrameReader.buffer(CAPACITY);

  private final ArrayDeque<Controls> waiting = new ArrayDeque<>();
  private long progress;
  private boolean wantsWrite;
  private boolean closed;
  private int senders;

  /** The control frames that one stream has still to send. Guarded by the outbox. */
  static final class Controls {
    private final int stream;
    private int outputCredit;
    private int errorCredit;
    private int signal;
    private int rows;
    private int columns;
    private boolean cancel;
    private boolean queued;

    Controls(int stream) {
      this.stream = stream;
    }
  }

  Outbox(SocketChannel socket, SelectionKey key) {
    this.socket = socket;
    this.key = key;
  }

  /**
   * Sends a frame with all of {@code payload}. Waits while the socket is full, which ends, because
   * a guest that takes nothing is given up; not interruptible, so that no request is left half
   * sent.
   *
   * @return false if the channel is closed
   */
  synchronized boolean send(int type, int flags, int stream, ByteBuffer payload) {
    int needed = Protocol.HEADER_BYTES + payload.remaining() + CONTROL_ROOM;
    boolean interrupted = false;
    while (!closed && staging.remaining() < needed) {
      senders++;
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      } finally {
        senders--;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (closed) {
      return false;
    }
    FrameWriter.frame(staging, type, flags, stream, payload);
    flush();
    return !closed;
  }

  /** Like {@link #send}, but never waits: false also when there is no room now. */
  synchronized boolean offer(int type, int stream, ByteBuffer payload) {
    if (closed
        || staging.remaining() < Protocol.HEADER_BYTES + payload.remaining() + CONTROL_ROOM) {
      return false;
    }
    FrameWriter.frame(staging, type, 0, stream, payload);
    flush();
    return !closed;
  }

  synchronized void credit(Controls of, int lane, int bytes) {
    if (lane == Protocol.OUTPUT) {
      of.outputCredit += bytes;
    } else {
      of.errorCredit += bytes;
    }
    post(of);
  }

  /** A signal that overtakes one still unsent replaces it, unless that one was SIGKILL. */
  synchronized void signal(Controls of, int number) {
    of.signal = of.signal == 9 ? 9 : number;
    post(of);
  }

  synchronized void resize(Controls of, int rows, int columns) {
    of.rows = rows;
    of.columns = columns;
    post(of);
  }

  synchronized void cancel(Controls of) {
    of.cancel = true;
    post(of);
  }

  private void post(Controls of) {
    if (!of.queued) {
      of.queued = true;
      waiting.add(of);
    }
    flush();
  }

  /** Writes as much as the socket takes now; the channel's thread calls it when it takes more. */
  synchronized void flush() {
    if (closed) {
      return;
    }
    try {
      int written = 1;
      while (written > 0) {
        writeControls();
        if (staging.position() == 0) {
          break;
        }
        staging.flip();
        written = socket.write(staging);
        staging.compact();
        if (written > 0) {
          progress = System.nanoTime();
        }
      }
      interest(staging.position() > 0);
    } catch (IOException | CancelledKeyException e) {
      // The channel's thread finds the same on its next turn, and tells everyone why.
      closed = true;
      key.selector().wakeup();
    }
    if (senders > 0) {
      notifyAll();
    }
  }

  /** Frames what is waiting, as far as there is room. */
  private void writeControls() {
    while (!waiting.isEmpty() && staging.remaining() >= 5 * FrameWriter.CONTROL_BYTES) {
      Controls of = waiting.remove();
      of.queued = false;
      if (of.outputCredit > 0) {
        FrameWriter.credit(staging, of.stream, Protocol.OUTPUT, of.outputCredit);
        of.outputCredit = 0;
      }
      if (of.errorCredit > 0) {
        FrameWriter.credit(staging, of.stream, Protocol.ERROR, of.errorCredit);
        of.errorCredit = 0;
      }
      if (of.rows > 0) {
        FrameWriter.resize(staging, of.stream, of.rows, of.columns);
        of.rows = 0;
      }
      if (of.signal > 0) {
        FrameWriter.signal(staging, of.stream, of.signal);
        of.signal = 0;
      }
      if (of.cancel) {
        FrameWriter.cancel(staging, of.stream);
        of.cancel = false;
      }
    }
  }

  private void interest(boolean write) {
    if (write != wantsWrite) {
      wantsWrite = write;
      key.interestOps(write ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
      if (write) {
        progress = System.nanoTime();
        key.selector().wakeup();
      }
    }
  }

  /**
   * For how long the guest has taken nothing although there was something; 0 if there is nothing.
   */
  synchronized long stalled() {
    return wantsWrite ? Math.max(1, System.nanoTime() - progress) : 0;
  }

  /** Waits until everything is written, the channel is closed or the time is over. */
  synchronized void drain(long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean interrupted = false;
    while (!closed && staging.position() > 0 && System.nanoTime() - deadline < 0) {
      senders++;
      try {
        wait(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        interrupted = true;
      } finally {
        senders--;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the last byte written was the last of a frame. */
  synchronized boolean clean() {
    return staging.position() == 0;
  }

  synchronized boolean closed() {
    return closed;
  }

  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
