package dev.carafe.machine.network;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * A stream whose other end is a socket of this host: one that it dialled for the guest, or one that
 * came to a published port. Reads from the socket only what the guest has credit for, and keeps of
 * the guest's at most one window. Belongs to the relay's thread.
 */
final class Connection extends Flow {
  /** For the host to connect to what the guest asked for. */
  private static final long DIAL = 10_000_000_000L;

  /** For either side to take note that the other has ended. */
  private static final long LINGER = 60_000_000_000L;

  private final SocketChannel socket;
  private final boolean tcp;
  private final SelectionKey key;
  private final Pending pending = new Pending();

  /** The address that the guest connected to, when it has to be remembered. */
  private final Optional<byte[]> address;

  private boolean connected;
  private boolean outputShut;

  /** The peer takes nothing more, but what it has said is still to be passed on. */
  private boolean deaf;

  /** It has said everything too: all that is missing is the guest's end. */
  private boolean leaving;

  private boolean waitingForCredit;
  private boolean over;
  private long deadline;

  private Connection(
      Relay relay, int id, SocketChannel socket, boolean tcp, Optional<byte[]> address)
      throws IOException {
    super(relay, id);
    this.socket = socket;
    this.address = address;
    this.tcp = tcp;
    socket.configureBlocking(false);
    key = socket.register(relay.selector(), 0, this);
  }

  /**
   * Begins to connect for the guest; does not block.
   *
   * @throws IOException when it fails at once
   */
  static Connection dial(
      Relay relay, int id, SocketAddress target, Optional<byte[]> address, long now)
      throws IOException {
    boolean tcp = target instanceof InetSocketAddress;
    SocketChannel socket =
        tcp ? SocketChannel.open() : SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      if (tcp) {
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      }
      Connection connection = new Connection(relay, id, socket, tcp, address);
      connection.deadline = now + DIAL;
      if (socket.connect(target)) {
        connection.established();
      } else {
        connection.key.interestOps(SelectionKey.OP_CONNECT);
      }
      return connection;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * A connection that came to a published port; nothing is read from it before the guest accepts.
   */
  static Connection published(Relay relay, int id, SocketChannel socket) throws IOException {
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return new Connection(relay, id, socket, true, Optional.empty());
  }

  /** The selector has something for this socket. */
  void onReady() {
    try {
      if (key.isConnectable()) {
        socket.finishConnect();
        established();
      }
      if (key.isValid() && key.isWritable()) {
        pass();
      }
      if (key.isValid() && key.isReadable()) {
        want(SelectionKey.OP_READ, false);
        relay.canBeRead(this);
      }
    } catch (IOException e) {
      fail(Errno.of(e));
    }
  }

  private void established() {
    connected = true;
    key.interestOps(SelectionKey.OP_READ);
    if (isGuests()) {
      accept();
    }
    pass();
  }

  @Override
  void onAccepted() {
    connected = true;
    key.interestOps(SelectionKey.OP_READ);
    pass();
  }

  /** Whether the guest may send on it. */
  boolean isAccepted() {
    return isGuests() || connected;
  }

  // ---- from the socket ----

  /** Reads once; the relay has room. */
  void read() {
    if (over || endSent) {
      return;
    }
    if (sendWindow == 0) {
      waitingForCredit = true;
      return;
    }
    try {
      int length = relay.outgoing().data(this, socket);
      if (length > 0) {
        relay.canBeRead(this);
      } else if (length == 0) {
        want(SelectionKey.OP_READ, true);
      } else {
        end();
        settle();
      }
    } catch (IOException e) {
      if (tcp) {
        fail(Errno.of(e));
      } else {
        // A socket of this host loses nothing: it only says that not all of ours was read.
        end();
        turnedAway(pending.size(), e);
      }
    }
  }

  @Override
  void onCredit() {
    if (waitingForCredit) {
      waitingForCredit = false;
      relay.canBeRead(this);
    }
  }

  // ---- to the socket ----

  @Override
  void onData(ByteBuffer bytes, boolean end) {
    endReceived |= end;
    if (deaf) {
      consumed(bytes.remaining());
      settle();
      return;
    }
    if (connected && pending.isEmpty() && bytes.hasRemaining()) {
      try {
        consumed(socket.write(bytes));
      } catch (IOException e) {
        turnedAway(bytes.remaining(), e);
        return;
      }
    }
    if (bytes.hasRemaining()) {
      pending.add(bytes);
    }
    if (connected) {
      pass();
    }
  }

  /** Passes on what is pending, and the end after it. */
  private void pass() {
    try {
      if (!pending.isEmpty()) {
        consumed(pending.writeTo(socket));
      }
      want(SelectionKey.OP_WRITE, !pending.isEmpty());
      if (pending.isEmpty() && endReceived && !outputShut) {
        outputShut = true;
        socket.shutdownOutput();
      }
    } catch (IOException e) {
      turnedAway(pending.size(), e);
      return;
    }
    settle();
  }

  /**
   * The peer takes nothing more. Whoever closes a connection without having read a request has
   * often said why before that; the guest shall hear it, as it would from a peer of its own kernel.
   *
   * @param lost bytes of the guest that went nowhere
   */
  private void turnedAway(int lost, IOException e) {
    if (tcp && Errno.of(e) != Errno.PIPE) {
      fail(Errno.of(e));
      return;
    }
    deaf = true;
    outputShut = true;
    pending.clear();
    want(SelectionKey.OP_WRITE, false);
    consumed(lost);
    settle();
  }

  private void want(int operation, boolean wanted) {
    if (key.isValid()) {
      int now = key.interestOps();
      key.interestOps(wanted ? now | operation : now & ~operation);
    }
  }

  // ---- the end ----

  /** When both directions have ended, the stream is over, and the socket as soon as it may be. */
  private void settle() {
    if (!endSent || !endReceived) {
      if (endSent && deaf && !leaving) {
        leaving = true;
        deadline = System.nanoTime() + LINGER;
      }
      return;
    }
    if (!over) {
      over = true;
      relay.over(this);
      if (!pending.isEmpty()) {
        deadline = System.nanoTime() + LINGER;
        relay.linger(this);
      }
    }
    if (pending.isEmpty()) {
      close(false);
    }
  }

  private void fail(int errno) {
    if (!over) {
      over = true;
      relay.outgoing().forget(this);
      relay.outgoing().reset(id, errno);
      relay.over(this);
    }
    close(true);
  }

  @Override
  void abandon() {
    over = true;
    relay.outgoing().forget(this);
    close(true);
  }

  @Override
  void onTick(long now) {
    if (over && deadline - now < 0) {
      close(true);
    } else if (!connected && isGuests() && deadline - now < 0) {
      fail(Errno.TIMEDOUT);
    } else if (leaving && deadline - now < 0) {
      fail(Errno.CONNRESET);
    }
  }

  /** The address that a name led the guest to. */
  Optional<byte[]> address() {
    return address;
  }

  private void close(boolean reset) {
    pending.clear();
    relay.closed(this);
    try {
      if (reset && tcp) {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException e) {
      // Then it is closed without.
    }
    try {
      socket.close();
    } catch (IOException e) {
      // There is nothing left to lose on it.
    }
  }
}
