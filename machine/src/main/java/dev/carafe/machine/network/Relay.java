package dev.carafe.machine.network;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Services;
import dev.carafe.machine.channel.GuestText;
import dev.carafe.machine.channel.Handshake;
import dev.carafe.machine.channel.Violation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The host's end of a machine's network: takes the connections that the guest passes on, asks the
 * {@link Policy} about each, makes them, and carries their bytes.
 *
 * <p><b>One thread</b> does all of it, without ever waiting for a connection, a name server or the
 * guest; whoever else wants something posts it. Connections take turns, and each is read only as
 * far as the guest has credit for it, so that one that is stuck holds up no other.
 *
 * <p><b>The attacker</b> rules the guest. {@link Decoder} lets no malformed frame through; a wrong
 * one, or one that the state of its stream does not allow, closes the relay, and with it the
 * machine's way out. What they can make us keep is a window for each of at most 1,024 streams of
 * theirs and 256 of ours, the same for 256 that are over while a peer is slow, and a few numbers
 * about each. When they do not take what we send, we stop reading what they send.
 *
 * <p><b>It ends</b> when someone closes it, when the port does, or at the guest's first wrong
 * frame: all connections are reset, and the guest closes everything by itself, because the port's
 * other end is gone.
 */
public final class Relay implements Gateway {
  private static final String ATTEMPTED = "open the machine's network";
  private static final int READ_BYTES = 4 * (Wire.HEADER_BYTES + Wire.MAX_PAYLOAD);
  private static final long TICK_MILLIS = 250;

  /** Turns of reading and writing before the guest is listened to again. */
  private static final int TURNS = 16;

  private static final int LINGERING = 256;

  private final SocketChannel port;
  private final Selector selector;
  private final SelectionKey key;
  private final ByteBuffer in = Decoder.buffer(READ_BYTES);
  private final Decoder frame = new Decoder();
  private final Outgoing outgoing = new Outgoing();
  private final Policy policy;
  private final Services services;
  private final Names names;
  private final Setups setups;
  private final Admission admission;
  private final List<Publisher> publishers = new ArrayList<>();
  private final Thread thread;

  private final Map<Integer, Flow> flows = new HashMap<>();
  private final ArrayDeque<Connection> readable = new ArrayDeque<>();
  private final ArrayDeque<Connection> lingering = new ArrayDeque<>();
  private long nextTick;

  /** Guards what follows. */
  private final Object lock = new Object();

  private final ArrayDeque<Runnable> posted = new ArrayDeque<>();
  private final List<Runnable> hooks = new ArrayList<>();
  private boolean closing;
  private boolean closed;
  private boolean released;
  private String reason = "";
  private volatile boolean clean;

  /**
   * Opens a machine's network and waits until the guest has it. The socket is the relay's from now
   * on, also when this fails.
   *
   * @param port connected to the machine's port {@code carafe.net}
   * @param clean whether the last one to use the port left it between two frames
   * @param limit for all of this
   * @throws MachineException TIMEOUT, LOST or GUEST as with a channel; STATE when a published port
   *     is in use
   */
  public static Relay open(
      SocketChannel port,
      boolean clean,
      Network network,
      Services services,
      Denials denials,
      Duration limit) {
    return open(port, clean, network, services, denials, Upstream.ofHost(), limit);
  }

  static Relay open(
      SocketChannel port,
      boolean clean,
      Network network,
      Services services,
      Denials denials,
      Upstream upstream,
      Duration limit) {
    Relay relay = null;
    try {
      long deadline = System.nanoTime() + limit.toNanos();
      relay = new Relay(port, network, services, denials, upstream);
      relay.begin(clean, network, deadline);
      return relay;
    } catch (IOException e) {
      String said = e.getMessage() == null ? "the connection broke" : e.getMessage();
      throw new MachineException(
          e instanceof Violation ? ErrorCode.GUEST : ErrorCode.LOST,
          ATTEMPTED,
          e instanceof Violation ? "the guest " + said : said,
          e);
    } finally {
      if (relay == null || !relay.thread.isAlive()) {
        release(port, relay);
      }
    }
  }

  private Relay(
      SocketChannel port, Network network, Services services, Denials denials, Upstream upstream)
      throws IOException {
    this.port = port;
    this.services = services;
    policy = new Policy(network);
    setups = new Setups(policy, services, outgoing);
    admission = new Admission(this, policy, services, denials);
    names = new Names(policy, services, denials, upstream, this);
    port.configureBlocking(false);
    selector = Selector.open();
    key = port.register(selector, 0);
    thread = new Thread(this::run, "carafe-relay");
    thread.setDaemon(true);
  }

  private void begin(boolean wasClean, Network network, long deadline) throws IOException {
    // First what may fail without the guest having noticed anything.
    for (PublishedPort published : network.ports()) {
      publishers.add(Publisher.open(published, selector));
    }
    new Handshake(Wire.GREETING, port, key, in).run(wasClean, deadline - System.nanoTime());
    key.interestOps(SelectionKey.OP_READ);
    CompletableFuture<String> ready = new CompletableFuture<>();
    setups.begin(ready::complete);
    onClose(() -> ready.complete("it closed its port"));
    thread.start();
    String failure;
    try {
      failure = ready.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      failure = "it does not answer";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = "interrupted";
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException(e);
    }
    if (!failure.isEmpty()) {
      String why = reason();
      close();
      throw new MachineException(
          ErrorCode.GUEST,
          ATTEMPTED,
          "the guest cannot set it up: " + (why.isEmpty() ? failure : why));
    }
  }

  private static void release(SocketChannel port, Relay relay) {
    try {
      port.close();
      if (relay != null) {
        for (Publisher publisher : relay.publishers) {
          publisher.close();
        }
        relay.selector.close();
      }
    } catch (IOException e) {
      // There is nothing left to lose.
    }
  }

  // ---- from other threads ----

  @Override
  public boolean isOpen() {
    synchronized (lock) {
      return !closed;
    }
  }

  @Override
  public void onClose(Runnable hook) {
    synchronized (lock) {
      if (!released) {
        hooks.add(hook);
        return;
      }
    }
    hook.run();
  }

  /** What it was opened with. */
  public Services services() {
    return services;
  }

  /** Why it is closed; empty while it is not, or when someone closed it. */
  public String reason() {
    synchronized (lock) {
      return reason;
    }
  }

  /** Whether the last byte that was sent was the last of a frame; to be asked when it is closed. */
  public boolean clean() {
    return clean;
  }

  @Override
  public int seenAtGate() {
    return admission.seenAtGate();
  }

  @Override
  public void close() {
    synchronized (lock) {
      closing = true;
    }
    selector.wakeup();
    if (Thread.currentThread() == thread) {
      return;
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Has the relay's thread do something. It is dropped when the relay is closed. */
  void post(Runnable work) {
    synchronized (lock) {
      if (closed) {
        return;
      }
      posted.add(work);
    }
    selector.wakeup();
  }

  // ---- for the flows ----

  Selector selector() {
    return selector;
  }

  Outgoing outgoing() {
    return outgoing;
  }

  Names names() {
    return names;
  }

  Setups setups() {
    return setups;
  }

  /** There is a new stream. */
  void began(Flow flow) {
    flows.put(flow.id, flow);
  }

  /** The connection has bytes, or may have. */
  void canBeRead(Connection connection) {
    readable.add(connection);
  }

  /** The stream has ended, as the guest sees it too. */
  void over(Flow flow) {
    if (flows.remove(flow.id, flow)) {
      admission.left(flow);
    }
  }

  /** Its stream is over, but its peer has not taken everything. */
  void linger(Connection connection) {
    lingering.add(connection);
    if (lingering.size() > LINGERING) {
      lingering.peek().abandon();
    }
  }

  void closed(Connection connection) {
    lingering.remove(connection);
    readable.remove(connection);
    connection.address().ifPresent(policy::disconnected);
  }

  // ---- the thread ----

  private void run() {
    String why = "";
    try {
      dispatch();
      while (!closing()) {
        pump();
        int watch = outgoing.backlogged() ? 0 : SelectionKey.OP_READ;
        key.interestOps(outgoing.isEmpty() ? watch : watch | SelectionKey.OP_WRITE);
        if (!readable.isEmpty() && outgoing.roomForData()) {
          selector.selectNow();
        } else {
          selector.select(flows.isEmpty() && lingering.isEmpty() ? 0 : TICK_MILLIS);
        }
        runPosted();
        for (SelectionKey ready : selector.selectedKeys()) {
          ready(ready);
        }
        selector.selectedKeys().clear();
        tick(System.nanoTime());
      }
    } catch (IOException e) {
      why = e instanceof Violation ? "the guest " + e.getMessage() : "the machine's port is closed";
    } catch (ClosedSelectorException e) {
      why = "the relay was closed";
    } finally {
      shut(why);
    }
  }

  private boolean closing() {
    synchronized (lock) {
      return closing;
    }
  }

  private void runPosted() {
    List<Runnable> work;
    synchronized (lock) {
      if (posted.isEmpty()) {
        return;
      }
      work = new ArrayList<>(posted);
      posted.clear();
    }
    work.forEach(Runnable::run);
  }

  private void ready(SelectionKey ready) throws IOException {
    if (!ready.isValid()) {
      return;
    }
    if (ready == key) {
      if (key.isReadable()) {
        readPort();
      }
    } else if (ready.attachment() instanceof Connection connection) {
      connection.onReady();
    } else if (ready.attachment() instanceof Publisher publisher) {
      admission.accept(publisher);
    }
  }

  /** Sends what there is, each connection in its turn, as far as the port takes it. */
  private void pump() throws IOException {
    for (int turn = 0; turn < TURNS; turn++) {
      outgoing.writeControls();
      for (int i = readable.size(); i > 0 && outgoing.roomForData(); i--) {
        readable.remove().read();
        outgoing.writeControls();
      }
      if (outgoing.isEmpty() || !outgoing.flush(port)) {
        return;
      }
    }
  }

  private void tick(long now) {
    if (now - nextTick < 0) {
      return;
    }
    nextTick = now + TICK_MILLIS * 1_000_000;
    for (Flow flow : List.copyOf(flows.values())) {
      flow.onTick(now);
    }
    for (Connection connection : List.copyOf(lingering)) {
      connection.onTick(now);
    }
  }

  private void readPort() throws IOException {
    if (port.read(in) < 0) {
      throw new IOException("the port was closed");
    }
    dispatch();
  }

  private void dispatch() throws IOException {
    in.flip();
    while (frame.next(in)) {
      deliver();
    }
    in.compact();
  }

  private void deliver() throws IOException {
    switch (frame.type()) {
      case Wire.FAULT ->
          throw new Violation(
              "says that the host broke the protocol: "
                  + GuestText.of(in, frame.payload(), frame.length()));
      case Wire.SETUP_DONE -> {
        String said = GuestText.of(in, frame.payload() + 4, frame.length() - 4);
        setups.done(in.getInt(frame.payload()), said);
      }
      case Wire.OPEN -> {
        byte[] offer = new byte[frame.length()];
        in.get(frame.payload(), offer);
        admission.opened(frame.stream(), offer);
      }
      default -> {
        Flow flow = flows.get(frame.stream());
        if (flow != null) {
          deliver(flow);
        } else if (!admission.wasOpened(frame.stream())) {
          throw new Violation("sent a frame on a stream that nobody has opened");
        }
      }
    }
  }

  private void deliver(Flow flow) throws Violation {
    int at = frame.payload();
    switch (frame.type()) {
      case Wire.DATA -> {
        if (flow.endReceived || frame.length() > flow.receiveWindow) {
          throw new Violation("sent data beyond " + (flow.endReceived ? "its end" : "its window"));
        }
        if (flow instanceof Connection connection && !connection.isAccepted()) {
          throw new Violation("sent data on a stream that it has not accepted");
        }
        flow.receiveWindow -= frame.length();
        ByteBuffer bytes = in.duplicate().limit(at + frame.length()).position(at);
        flow.onData(bytes, frame.end());
      }
      case Wire.CREDIT -> {
        int bytes = in.getInt(at);
        if (flow.sendWindow + bytes > Wire.WINDOW) {
          throw new Violation("gave more credit than it has");
        }
        flow.sendWindow += bytes;
        flow.onCredit();
      }
      case Wire.ACCEPTED -> {
        if (flow.isGuests() || flow instanceof Connection connection && connection.isAccepted()) {
          throw new Violation("accepted a stream that was not offered");
        }
        flow.onAccepted();
      }
      case Wire.RESET -> {
        over(flow);
        flow.abandon();
      }
      default -> throw new IllegalStateException("the decoder let type " + frame.type());
    }
  }

  // ---- the end ----

  private void shut(String why) {
    for (Flow flow : List.copyOf(flows.values())) {
      flow.abandon();
    }
    for (Connection connection : List.copyOf(lingering)) {
      connection.abandon();
    }
    flows.clear();
    names.close();
    clean = outgoing.isEmpty();
    List<Runnable> toRun;
    synchronized (lock) {
      closed = true;
      reason = why;
      posted.clear();
    }
    release(port, this);
    synchronized (lock) {
      released = true;
      toRun = new ArrayList<>(hooks);
      hooks.clear();
    }
    toRun.forEach(Runnable::run);
  }
}
