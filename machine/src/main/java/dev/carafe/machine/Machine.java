package dev.carafe.machine;

import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A microVM with a name, disks and a life of its own. A handle holds no state that can go stale:
 * every call looks at the machine as it is. Safe for use by many threads. All methods block and
 * throw {@link MachineException}.
 */
public interface Machine {
  /** What {@link #run} keeps of a command's standard output, and as much of its standard error. */
  int MOST_CAPTURED_BYTES = 32 << 20;

  String name();

  /** What the machine was made from. */
  MachineSpec spec();

  /**
   * The digest of the image that the machine stands on, whatever its name means by now; empty
   * before the first start, and where the engine does not tell.
   */
  default Optional<String> imageDigest() {
    return Optional.empty();
  }

  /** How the machine is now. Changes nothing, also when the machine is dead or does not answer. */
  MachineStatus status();

  /**
   * Starts the machine and waits until commands can run in it. Does nothing when it runs already.
   * The first start fetches the image if the store does not have it, and runs the spec's init
   * commands; if one fails the machine is stopped again.
   *
   * <p>If the spec gives it a network, this process holds the machine's {@link Gateway} from now
   * on, until it closes its {@link Machines}; and so it does if the machine runs already and nobody
   * holds it. What the network must not let through has been tried from inside before this returns.
   * A machine that has services only ({@link Network.Reach#SERVICES}) reaches nothing before
   * someone {@link #attach}es them.
   *
   * @return true if this call started it, false if it was running already
   */
  boolean start();

  /**
   * Starts the machine as {@link #start()} does, with a network that {@code opener} opens: it is
   * called once, with this machine, when commands can run in it and before any of the spec's does,
   * and must {@link #attach}. What it throws ends the start. It is not called when the machine runs
   * already and somebody holds its network.
   *
   * @return true if this call started it, false if it was running already
   */
  default boolean start(Consumer<Machine> opener) {
    throw unsupported("start machine '" + name() + "' with services");
  }

  /**
   * Stops the machine: file systems are synced and the guest turns itself off; after {@code grace}
   * it is killed. The disks stay.
   *
   * @return true if this call stopped it, false if it was not running
   */
  boolean stop(Duration grace);

  /** {@link #stop(Duration)} with a grace of five seconds. */
  default boolean stop() {
    return stop(Duration.ofSeconds(5));
  }

  /** Kills the machine if it runs, and removes it with all its files. */
  void delete();

  /**
   * Changes a stopped machine's spec: {@link ErrorCode#STATE} when it runs. Sizes of disks only
   * grow.
   */
  void update(MachineSpec spec);

  /** Starts a command and returns at once. The caller must close the result. */
  Execution exec(ExecSpec spec);

  /**
   * Runs a command to its end and captures what it wrote. Never throws because of how the command
   * ended: its exit code, a signal (128 + number), a time-out (124) and a missing program (127,
   * 126) are results. One that writes more than {@value #MOST_CAPTURED_BYTES} bytes to a stream is
   * ended, and that is {@link ErrorCode#GUEST}: {@link #exec} hands out streams of any length.
   */
  default ExecResult run(ExecSpec spec) {
    return Captured.of(exec(spec), name(), spec.input(), MOST_CAPTURED_BYTES);
  }

  /**
   * Copies a file or a tree into the guest, with modes, links and times; owners become root unless
   * {@code options} says otherwise. {@code guest} is absolute and is the name the copy gets; its
   * missing parents are made. Existing directories are merged, existing files replaced, each at
   * once.
   */
  void copyIn(Path host, String guest, CopyOptions options);

  default void copyIn(Path host, String guest) {
    copyIn(host, guest, CopyOptions.DEFAULT);
  }

  /**
   * Copies a file or a tree out of the guest to {@code host}, which is the name the copy gets.
   * Nothing is ever written outside {@code host}, whatever the guest sends; devices are left out,
   * and set-id bits are dropped.
   */
  void copyOut(String guest, Path host, CopyOptions options);

  default void copyOut(String guest, Path host) {
    copyOut(guest, host, CopyOptions.DEFAULT);
  }

  /**
   * Writes what the running machine has changed on its disk as one layer that belongs on top of its
   * image: an uncompressed tar, as the OCI image specification has it. It is what the disk held at
   * one moment. The machine goes on meanwhile; only at that moment its file system stands still,
   * for some milliseconds. What it costs follows what was changed, not the size of the image.
   *
   * <p>The layer has every file that was made, changed or replaced, with mode, set-id bits, owner,
   * extended attributes, modification time (whole seconds), holes, its other names, devices and
   * named pipes; a directory also when only something in it was changed; and what was deleted, as
   * {@code .wh.NAME}. Not sockets, and not {@code /proc}, {@code /sys}, {@code /dev}, {@code /run},
   * {@code /tmp}, {@code /var/tmp}, of which the last two are empty directories of mode 1777, nor
   * {@code /etc/hosts}, {@code resolv.conf}, {@code hostname} and {@code machine-id}, which belong
   * to a run. Files whose data was not yet written out by their program are as they were.
   *
   * <p>Blocks until {@code layer} has taken all of it: while it takes nothing, the machine keeps
   * aside what it overwrites, for which it has a quarter of its disk's size. When that is not
   * enough, or the machine ends, this fails and the machine goes on as before. One freeze of a
   * machine goes on at a time. An interrupt ends it.
   *
   * @param spec what of it goes into the layer
   * @param layer gets the tar; it is neither buffered beyond 64 KiB nor closed. When this throws,
   *     what it got is no whole archive
   * @return for how long the file system stood still
   * @throws MachineException STATE when it does not run; INVALID when a path makes no sense; COPY
   *     when the guest cannot, a freeze goes on already, or {@code layer} throws; GUEST when what
   *     the guest sends is no layer; LOST when the machine ends meanwhile
   */
  default Duration freeze(FreezeSpec spec, OutputStream layer) {
    throw unsupported("freeze machine '" + name() + "'");
  }

  /**
   * Gives the running machine services of this host, and the network of its spec. This process
   * holds them open; a gateway that it held before is closed.
   *
   * @throws MachineException STATE when it does not run, or another process holds its gateway
   */
  default Gateway attach(Services services) {
    throw unsupported("give machine '" + name() + "' services");
  }

  /**
   * Tries from inside the running machine what its network must not let through, and whether what
   * it may reach gets as far as the gateway. Throws nothing because of what comes out.
   */
  default List<Proof> prove() {
    throw unsupported("prove the network of machine '" + name() + "'");
  }

  /**
   * What the machine was refused, the newest last.
   *
   * @param limit the most that are returned, at least 1
   */
  default List<Denial> denials(int limit) {
    throw unsupported("list what machine '" + name() + "' was refused");
  }

  private static MachineException unsupported(String attempted) {
    return new MachineException(ErrorCode.UNSUPPORTED, attempted, "this engine cannot do that");
  }

  /**
   * Where sockets for the running machine's use can be made: a directory of this user's alone,
   * whose path leaves room for a name of a dozen characters, and which goes away with the run.
   *
   * @throws MachineException STATE when it does not run
   */
  default Path sockets() {
    throw unsupported("make sockets for machine '" + name() + "'");
  }

  /** Where the machine keeps its files. */
  Path directory();
}
