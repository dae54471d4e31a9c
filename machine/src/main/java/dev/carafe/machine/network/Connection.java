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

  /** For a peer to take what the guest sent last, when the stream itself is over. */
  private static final long LINGER = 60_000_000_000L;

  private final SocketChannel socket;
  private final SelectionKey key;
  private final Pending pending = new Pending();

  /** The address that the guest connected to, when it has to be remembered. */
  private final Optional<byte[]> address;

  private boolean connected;
  private boolean outputShut;
  private boolean waitingForCredit;
  private boolean over;
  private long deadline;

  private Connection(Relay relay, int id, SocketChannel socket, Optional<byte[]> address)
      throws IOException {
    super(relay, id);
    this.socket = socket;
    this.address = address;
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
      Connection connection = new Connection(relay, id, socket, address);
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
    return new Connection(relay, id, socket, Optional.empty());
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

  private void established() throws IOException {
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
    try {
      key.interestOps(SelectionKey.OP_READ);
      pass();
    } catch (IOException e) {
      fail(Errno.of(e));
    }
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
      fail(Errno.of(e));
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
    try {
      if (connected && pending.isEmpty() && bytes.hasRemaining()) {
        consumed(socket.write(bytes));
      }
      if (bytes.hasRemaining()) {
        pending.add(bytes);
      }
      if (connected) {
        pass();
      }
    } catch (IOException e) {
      fail(Errno.of(e));
    }
  }

  /** Passes on what is pending, and the end after it. */
  private void pass() throws IOException {
    if (!pending.isEmpty()) {
      consumed(pending.writeTo(socket));
    }
    want(SelectionKey.OP_WRITE, !pending.isEmpty());
    if (pending.isEmpty() && endReceived && !outputShut) {
      outputShut = true;
      socket.shutdownOutput();
    }
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
      if (reset && socket.getRemoteAddress() instanceof InetSocketAddress) {
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
