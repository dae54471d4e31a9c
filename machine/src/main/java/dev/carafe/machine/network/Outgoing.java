package dev.carafe.machine.network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;

/**
 * All that goes to the guest, whole frame by whole frame, through one buffer. Frames that carry no
 * bytes of a connection come first; they are kept as a few fields per stream until there is room,
 * so that nothing grows when the guest does not read. Belongs to the relay's thread.
 */
final class Outgoing {
  /** A frame of a connection is at most this long, so that connections take turns. */
  private static final int CHUNK = 32_768;

  /** Credit is given in steps: a frame for each write would be one for every few bytes. */
  static final int CREDIT_STEP = Wire.WINDOW / 4;

  private static final int CAPACITY = 4 * (Wire.HEADER_BYTES + Wire.MAX_PAYLOAD);

  /** All control frames of one stream, less the data of {@link Flow#dataDue}. */
  private static final int CONTROLS = 5 * Wire.HEADER_BYTES + 32;

  /** Beyond this nothing more is read from the guest, whose answers these frames are. */
  private static final int BACKLOG = 2_048;

  private final ByteBuffer staging = Decoder.buffer(CAPACITY);
  private final ArrayDeque<Flow> controls = new ArrayDeque<>();
  private final ArrayDeque<long[]> resets = new ArrayDeque<>();
  private byte[] setup;

  void control(Flow flow) {
    if (!flow.queued) {
      flow.queued = true;
      controls.add(flow);
    }
  }

  void reset(int stream, int errno) {
    resets.add(new long[] {stream, errno});
  }

  /** Replaces a SETUP that was not sent yet. */
  void setup(byte[] payload) {
    setup = payload;
  }

  boolean backlogged() {
    return controls.size() + resets.size() > BACKLOG;
  }

  /** Whether bytes of a connection may be added now. */
  boolean roomForData() {
    return controls.isEmpty()
        && resets.isEmpty()
        && setup == null
        && staging.remaining() > Wire.HEADER_BYTES + CHUNK;
  }

  /**
   * Reads from a connection right into a frame.
   *
   * @return what {@code from.read} returned; if more than 0, a frame is under way
   */
  int data(Flow flow, ReadableByteChannel from) throws IOException {
    int start = staging.position();
    int most = Math.min(flow.sendWindow, CHUNK);
    staging.position(start + Wire.HEADER_BYTES).limit(start + Wire.HEADER_BYTES + most);
    int length;
    try {
      length = from.read(staging);
    } catch (IOException e) {
      staging.limit(staging.capacity()).position(start);
      throw e;
    }
    int end = staging.position();
    staging.limit(staging.capacity()).position(start);
    if (length > 0) {
      header(Wire.DATA, 0, flow.id, length);
      staging.position(end);
      flow.sendWindow -= length;
    }
    return length;
  }

  /** Frames what is waiting, as far as there is room. */
  void writeControls() {
    if (setup != null && staging.remaining() >= Wire.HEADER_BYTES + setup.length) {
      header(Wire.SETUP, 0, 0, setup.length);
      staging.put(setup);
      setup = null;
    }
    while (!resets.isEmpty() && staging.remaining() >= Wire.HEADER_BYTES + 4) {
      long[] reset = resets.remove();
      header(Wire.RESET, 0, (int) reset[0], 4);
      staging.putInt((int) reset[1]);
    }
    while (!controls.isEmpty()) {
      Flow flow = controls.peek();
      if (staging.remaining() < CONTROLS + (flow.dataDue == null ? 0 : flow.dataDue.length)) {
        return;
      }
      controls.remove();
      flow.queued = false;
      write(flow);
    }
  }

  private void write(Flow flow) {
    if (flow.openDue != null) {
      header(Wire.OPEN, 0, flow.id, flow.openDue.length);
      staging.put(flow.openDue);
      flow.openDue = null;
    }
    if (flow.acceptDue) {
      header(Wire.ACCEPTED, 0, flow.id, 0);
      flow.acceptDue = false;
    }
    if (flow.creditDue >= CREDIT_STEP && !flow.endReceived) {
      header(Wire.CREDIT, 0, flow.id, 4);
      staging.putInt(flow.creditDue);
      flow.receiveWindow += flow.creditDue;
      flow.creditDue = 0;
    }
    boolean sent = flow.dataDue != null;
    if (sent) {
      header(Wire.DATA, 0, flow.id, flow.dataDue.length);
      staging.put(flow.dataDue);
      flow.sendWindow -= flow.dataDue.length;
      flow.dataDue = null;
    }
    if (flow.endDue) {
      header(Wire.DATA, Wire.END, flow.id, 0);
      flow.endDue = false;
    }
    if (sent) {
      flow.onSent();
    }
  }

  private void header(int type, int flags, int stream, int length) {
    staging.put((byte) type).put((byte) flags).putShort((short) 0).putInt(stream).putInt(length);
  }

  /** Forgets what was to be said about a stream that is over. */
  void forget(Flow flow) {
    flow.openDue = null;
    flow.acceptDue = false;
    flow.creditDue = 0;
    flow.dataDue = null;
    flow.endDue = false;
  }

  /** Writes as much as the port takes; true if it took all there was. */
  boolean flush(SocketChannel port) throws IOException {
    staging.flip();
    try {
      while (staging.hasRemaining() && port.write(staging) > 0) {
        // It takes more.
      }
    } finally {
      staging.compact();
    }
    return staging.position() == 0;
  }

  boolean isEmpty() {
    return staging.position() == 0;
  }
}
