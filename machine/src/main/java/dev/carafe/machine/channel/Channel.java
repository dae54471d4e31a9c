package dev.carafe.machine.channel;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Execution;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A conversation with the agent of one guest: commands, copies and the machine's own requests, many
 * at once, over one socket.
 *
 * <p><b>The idea.</b> Everything is a {@link Stream}: one request, at most three lanes of bytes,
 * one result. Frames of all streams share the socket, and each lane has a window of credit, so what
 * is on its way is bounded and a lane that nobody reads holds up nobody else. Callers write to the
 * socket themselves ({@link Outbox}); one thread per channel reads, and hands each frame to its
 * stream. The socket does not block, for three reasons: every wait for a guest needs an end, an
 * interrupted caller must not close the socket under the others (as it would a blocking one), and
 * the thread that reads must never wait for one that writes.
 *
 * <p><b>States.</b> Open, from a completed handshake; then closed, once and for all: because
 * someone called {@link #close}, because the socket ended ({@link ErrorCode#LOST}), or because the
 * guest broke the protocol or stopped reading ({@link ErrorCode#GUEST}). Whatever the reason, it
 * reaches every open stream, and all who wait on one, before the hooks of {@link #onClose} run. A
 * stream that had its result before keeps it, with the output that nobody has read yet.
 *
 * <p><b>The attacker</b> is whoever rules the guest: every byte that arrives is theirs to choose.
 * {@link FrameReader} lets no malformed frame through, {@link Stream} none that its state does not
 * allow, and the first wrong one ends the channel: there is no way to go on with a peer that does
 * not keep to the protocol. What they can make us keep is bounded: two windows for each of at most
 * 64 streams, one frame under way in each direction, messages of 4,096 bytes. Nothing they send is
 * ever waited for in the thread that reads. Their words reach people only as {@link GuestText}.
 * They can be silent: that ends with {@link Patience}, save for the run of a command, which is its
 * own affair. They can lie about what a command did; nothing here can tell.
 *
 * <p>Safe for use by many threads. Failures are {@link MachineException}.
 */
public final class Channel implements AutoCloseable {
  private static final int READ_BYTES = 2 * Protocol.RESYNC_BYTES;
  private static final long LAST_WORDS = 500_000_000L;

  /** One stream is kept for asking the guest whether it is there. */
  private static final int MAX_REQUESTS = Protocol.MAX_STREAMS - 1;

  private final SocketChannel socket;
  private final Selector selector;
  private final SelectionKey key;
  private final Outbox outbox;
  private final Patience patience;
  private final ByteBuffer in;
  private final FrameReader frame = new FrameReader();
  private final boolean configured;
  private final Thread thread;

  /** Guards what follows. Never held while a stream's or the outbox's lock is taken. */
  private final Object lock = new Object();

  private final Map<Integer, Stream> streams = new HashMap<>();
  private final List<Runnable> hooks = new ArrayList<>();
  private int lastStream;

  /** The stream on which the guest was asked whether it is there; 0 when it was not. */
  private int ping;

  private ErrorCode lostCode;
  private String lostReason;

  /**
   * Greets the agent at the other end of {@code socket} and waits until it answers. The socket is
   * the channel's from now on, also when this fails.
   *
   * @param socket connected
   * @param clean whether the last one to use the other end left it between two frames: its channel
   *     said {@link #clean}
   * @param deadline for all of this
   * @throws MachineException TIMEOUT when the deadline passes, LOST when the socket ends, GUEST
   *     when the answer is not one
   */
  public static Channel open(SocketChannel socket, boolean clean, Duration deadline) {
    return open(socket, clean, deadline, Patience.NORMAL);
  }

  static Channel open(SocketChannel socket, boolean clean, Duration deadline, Patience patience) {
    Selector selector = null;
    try {
      socket.configureBlocking(false);
      selector = Selector.open();
      Channel channel = new Channel(socket, selector, clean, nanos(deadline), patience);
      channel.thread.start();
      return channel;
    } catch (IOException e) {
      close(socket, selector);
      String said = reason(e);
      throw new MachineException(
          e instanceof Violation ? ErrorCode.GUEST : ErrorCode.LOST, Handshake.ATTEMPTED, said, e);
    } catch (RuntimeException e) {
      close(socket, selector);
      throw e;
    }
  }

  private Channel(
      SocketChannel socket, Selector selector, boolean clean, long nanos, Patience patience)
      throws IOException {
    this.socket = socket;
    this.selector = selector;
    this.patience = patience;
    key = socket.register(selector, SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    in = FrameReader.buffer(READ_BYTES);
    configured = new Handshake(Greeting.CHANNEL, socket, key, in).run(clean, nanos);
    key.interestOps(SelectionKey.OP_READ);
    outbox = new Outbox(socket, key);
    thread = new Thread(new Reading(), "carafe-channel");
    thread.setDaemon(true);
  }

  /** Whether the machine had been configured when this channel was opened. */
  public boolean configured() {
    return configured;
  }

  public void configure(Configuration configuration, Duration deadline) {
    ask(configuration.request(), deadline);
  }

  /**
   * Starts a command and returns at once. The caller must close the result.
   *
   * @throws MachineException LOST or GUEST when the channel is closed; INVALID when the request is
   *     too large; STATE when as many requests as a channel can hold are under way
   */
  public Execution exec(Command command) {
    int lanes = command.detached() ? 0 : 1 << Protocol.OUTPUT | 1 << Protocol.ERROR;
    boolean input = command.input() && !command.detached();
    Request request = command.request();
    return new RemoteExecution(
        begin(new Stream.Terms(request, input, lanes, patience.start(), true)));
  }

  /**
   * Copies a file or a tree of the host into the guest; see {@link CopyIn}.
   *
   * @param guest absolute, and the name the copy gets
   * @throws MachineException COPY when it cannot be read here or not written there; INVALID when
   *     the guest path makes no sense
   */
  public void put(Path host, String guest, CopyOptions options) {
    CopyIn.run(this, host, guest, options);
  }

  /**
   * Copies a file or a tree out of the guest; see {@link CopyOut}.
   *
   * @param host the name the copy gets; its directory must exist
   * @throws MachineException COPY when it cannot be read there or not written here, GUEST when what
   *     the guest sends is no copy; then nothing is left of it here
   */
  public void get(String guest, Path host, CopyOptions options) {
    CopyOut.run(this, guest, host, options);
  }

  Stream beginCopy(Request request, boolean input, int lanes) {
    return begin(new Stream.Terms(request, input, lanes, patience.copy(), false));
  }

  /**
   * Begins an attempt to reach something from inside the guest; to be closed when its outcome is
   * known or not wanted.
   */
  public Attempt probe(Probe probe) {
    Request request = probe.request();
    return new Attempt(begin(Stream.Terms.plain(request)), request.attempted());
  }

  /** Writes out all the guest's file systems. */
  public void sync(Duration deadline) {
    ask(new Request(Protocol.SYNC, "sync the guest's disks"), deadline);
  }

  /**
   * Writes what the guest has changed on its disk as a layer; see {@link Freeze}.
   *
   * @param spec what of it goes into the layer
   * @param layer gets an uncompressed tar; not closed, and no whole archive when this fails
   * @return for how long the guest's file system stood still
   * @throws MachineException COPY when the guest cannot, or {@code layer} does not take it; GUEST
   *     when what the guest sends is no layer
   */
  public Duration freeze(Freeze.Area area, FreezeSpec spec, OutputStream layer) {
    return Freeze.run(this, area, spec, layer);
  }

  /**
   * Makes the guest turn itself off. Returns when it says that it will, or when the connection ends
   * over it.
   */
  public void powerOff(Duration deadline) {
    try {
      ask(new Request(Protocol.POWEROFF, "power the guest off"), deadline);
    } catch (MachineException e) {
      if (e.code() != ErrorCode.LOST || isOpen()) {
        throw e;
      }
    }
  }

  private void ask(Request request, Duration deadline) {
    Stream stream = begin(Stream.Terms.plain(request));
    try {
      Stream.Result result = stream.await(nanos(deadline));
      if (result == null) {
        throw new MachineException(
            ErrorCode.TIMEOUT,
            request.attempted(),
            "the guest has not answered within " + deadline.toMillis() + " milliseconds");
      }
      if (result.kind() != Protocol.DONE) {
        throw unsuccessful(ErrorCode.GUEST, request.attempted(), result);
      }
    } finally {
      stream.cancel();
    }
  }

  static MachineException unsuccessful(ErrorCode code, String attempted, Stream.Result result) {
    String said = result.message();
    if (said.isEmpty()) {
      said =
          result.kind() == Protocol.SIGNALLED
              ? "signal " + result.code() + " ended it in the guest"
              : "the guest gives no reason (error " + result.code() + ")";
    }
    return new MachineException(code, attempted, said);
  }

  private Stream begin(Stream.Terms terms) {
    Stream stream;
    synchronized (lock) {
      String attempted = terms.request().attempted();
      if (lostCode != null) {
        throw new MachineException(lostCode, attempted, lostReason);
      }
      if (streams.size() >= MAX_REQUESTS) {
        throw new MachineException(
            ErrorCode.STATE,
            attempted,
            MAX_REQUESTS + " requests are under way over this channel already");
      }
      stream = new Stream(nextStream(), terms, outbox);
      streams.put(stream.id(), stream);
    }
    stream.request(terms.request().encoded());
    return stream;
  }

  /** A number that is not in use; under {@link #lock}. */
  private int nextStream() {
    do {
      lastStream++;
    } while (lastStream == 0 || lastStream == ping || streams.containsKey(lastStream));
    return lastStream;
  }

  /**
   * Whether another request could be begun now; by the time it is, others may have taken the room.
   */
  public boolean hasRoom() {
    synchronized (lock) {
      return lostCode == null && streams.size() < MAX_REQUESTS;
    }
  }

  public boolean isOpen() {
    synchronized (lock) {
      return lostCode == null;
    }
  }

  /**
   * Has {@code hook} run once when the channel is closed, for whatever reason, in the thread that
   * closes it; at once when it is closed already.
   */
  public void onClose(Runnable hook) {
    synchronized (lock) {
      if (lostCode == null) {
        hooks.add(hook);
        return;
      }
    }
    hook.run();
  }

  /**
   * Whether the last byte that was sent was the last of a frame, so that the next host process can
   * begin without {@code docs/protocol.md}'s padding. To be asked when the channel is closed.
   */
  public boolean clean() {
    return outbox.clean();
  }

  /**
   * Cancels what is open, and closes the socket. What was cancelled ends as LOST, unless its result
   * was there. Idempotent; takes at most half a second, and that only when the guest does not read.
   */
  @Override
  public void close() {
    for (Stream stream : open()) {
      stream.cancel();
    }
    outbox.drain(LAST_WORDS);
    shut(ErrorCode.LOST, "the connection to the guest was closed");
  }

  private List<Stream> open() {
    synchronized (lock) {
      return new ArrayList<>(streams.values());
    }
  }

  private void shut(ErrorCode code, String reason) {
    List<Runnable> toRun;
    synchronized (lock) {
      if (lostCode != null) {
        return;
      }
      lostCode = code;
      lostReason = reason;
      toRun = new ArrayList<>(hooks);
      hooks.clear();
    }
    outbox.close();
    close(socket, selector);
    for (Stream stream : open()) {
      stream.onLost(code, reason);
    }
    for (Runnable hook : toRun) {
      hook.run();
    }
  }

  /** The selector last: it is what really closes a socket that is registered with it. */
  private static void close(SocketChannel socket, Selector selector) {
    try {
      socket.close();
    } catch (IOException e) {
      // There is nothing left to lose on it.
    }
    try {
      if (selector != null) {
        selector.close();
      }
    } catch (IOException e) {
      // As above.
    }
  }

  static long nanos(Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException e) {
      return Patience.ENDLESS;
    }
  }

  private static String reason(IOException e) {
    if (e instanceof Violation) {
      return "the guest " + e.getMessage();
    }
    return e.getMessage() == null ? "the connection broke" : e.getMessage();
  }

  /** The channel's thread: reads, and writes what the socket did not take from the callers. */
  private final class Reading implements Runnable {
    /** When the guest last sent anything, or nothing was expected of it. */
    private long heard = System.nanoTime();

    @Override
    public void run() {
      try {
        dispatch();
        while (!outbox.closed()) {
          long stalled = outbox.stalled();
          if (stalled > patience.stall()) {
            throw new Violation("has stopped reading");
          }
          // An endless wait, unless the guest owes us something.
          long wait =
              Math.min(listen(), stalled == 0 ? Patience.ENDLESS : patience.stall() - stalled);
          selector.select(wait == Patience.ENDLESS ? 0 : Math.max(1, wait / 1_000_000));
          selector.selectedKeys().clear();
          outbox.flush();
          int read = socket.read(in);
          if (read < 0) {
            shut(ErrorCode.LOST, "the guest's end of the connection was closed");
            return;
          }
          if (read > 0) {
            heard = System.nanoTime();
          }
          dispatch();
        }
        shut(ErrorCode.LOST, "the connection to the guest broke");
      } catch (IOException e) {
        shut(e instanceof Violation ? ErrorCode.GUEST : ErrorCode.LOST, reason(e));
      } catch (ClosedSelectorException e) {
        // Someone closed the channel.
      } finally {
        // Nobody may be left waiting for a thread that an error has ended.
        shut(ErrorCode.LOST, "the channel's thread ended");
      }
    }

    /**
     * Asks a guest that has been silent for long whether it is there, while someone waits for it. A
     * kernel that has crashed leaves the connection open, and would else be waited for for ever.
     *
     * @return for how long it may be silent from now on, in nanoseconds
     */
    private long listen() throws Violation {
      long now = System.nanoTime();
      synchronized (lock) {
        if (streams.isEmpty() || patience.silence() == Patience.ENDLESS) {
          heard = now;
          return streams.isEmpty() ? patience.silence() : Patience.ENDLESS;
        }
        long silent = now - heard;
        if (ping == 0 && silent >= patience.silence()) {
          int number = nextStream();
          ByteBuffer request = ByteBuffer.wrap(new byte[] {Protocol.PING});
          if (outbox.offer(Protocol.REQUEST, number, request)) {
            ping = number;
          } else {
            return Patience.ENDLESS; // it does not even take what it was sent: see stalled()
          }
        }
        if (silent >= 3 * patience.silence()) {
          throw new Violation(
              "has said nothing for "
                  + silent / 1_000_000
                  + " milliseconds, although it was asked");
        }
        return (ping == 0 ? 1 : 3) * patience.silence() - silent;
      }
    }

    private void dispatch() throws Violation {
      in.flip();
      while (frame.next(in)) {
        if (frame.type() == Protocol.FAULT) {
          throw new Violation(
              "says that the host broke the protocol: "
                  + GuestText.of(in, frame.payload(), frame.length()));
        }
        deliver();
      }
      in.compact();
    }

    private void deliver() throws Violation {
      Stream stream;
      synchronized (lock) {
        boolean last = frame.type() == Protocol.RESULT;
        if (last && frame.stream() == ping) {
          ping = 0;
          return;
        }
        stream = last ? streams.remove(frame.stream()) : streams.get(frame.stream());
      }
      if (stream == null) {
        throw new Violation("sent a frame on a stream that is not open");
      }
      int at = frame.payload();
      switch (frame.type()) {
        case Protocol.STARTED -> stream.onStarted(in.getInt(at));
        case Protocol.DATA -> stream.onData(frame.lane(), frame.end(), in, at, frame.length());
        case Protocol.CREDIT -> stream.onCredit(in.getInt(at));
        case Protocol.RESULT -> {
          int head = Protocol.RESULT_BYTES;
          String message = GuestText.of(in, at + head, frame.length() - head);
          deliverResult(stream, in.get(at), in.getInt(at + 4), message);
        }
        default -> throw new IllegalStateException("the frame reader let type " + frame.type());
      }
    }

    /** The stream is not among the open ones any more; but if this goes wrong, it is still open. */
    private void deliverResult(Stream stream, int kind, int code, String message) throws Violation {
      try {
        stream.onResult(kind, code, message);
      } catch (Violation e) {
        synchronized (lock) {
          streams.put(stream.id(), stream);
        }
        throw e;
      }
    }
  }
}
