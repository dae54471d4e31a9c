package dev.carafe.bottle;

import dev.carafe.bottle.Undo.Outcome;
import dev.carafe.bottle.provider.Program;
import dev.carafe.bottle.provision.GuestUser;
import dev.carafe.bottle.provision.Unpulled;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.image.Progress;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * A running bottle. Whoever {@link Carafe#launch launched} it holds its way out, and ends it by
 * {@link #close}; whoever {@link Carafe#attach attached} to it only uses it, and closing does
 * nothing. Any thread; all methods block. What the guest does is never an exception: exit codes are
 * results.
 */
public final class Bottle implements AutoCloseable {
  /** Who runs what is run in a bottle, unless another is asked for. */
  public static final String USER = "node";

  /** The home directory of {@link #USER}. */
  public static final String HOME = "/home/node";

  /** Where the workspace is in the guest. */
  public static final String WORKSPACE = HOME + "/workspace";

  /** Freezes it. */
  interface Freeze {
    String to(Progress progress);
  }

  /** What it is made of. */
  record Parts(
      BottleRecord record,
      Machine machine,
      Optional<WayOut> wayOut,
      Program program,
      Optional<String> promptFile,
      boolean resumed,
      Freeze freeze,
      Runnable keep,
      BooleanSupplier kept,
      BottleLog log) {}

  private final Parts parts;
  private final Undo undo;
  private boolean closed;

  Bottle(Parts parts, Undo undo) {
    this.parts = parts;
    this.undo = undo;
  }

  /** Its slug, which is also its machine's name. */
  public String name() {
    return parts.record().slug();
  }

  /** What people call it. */
  public String label() {
    return parts.record().label();
  }

  /** What it was started with. */
  public BottleRecord record() {
    return parts.record();
  }

  /** The machine under it. */
  public Machine machine() {
    return parts.machine();
  }

  /** Whether it goes on where another session has ended. */
  public boolean resumed() {
    return parts.resumed();
  }

  // ---- the agent ----

  /**
   * The command that runs the agent in the guest, to be given a terminal or streams by the caller.
   *
   * @param arguments the user's own, after those that the provider gives
   */
  public ExecSpec agent(List<String> arguments) {
    return ExecSpec.of(parts.program().interactive(parts.resumed(), parts.promptFile(), arguments));
  }

  /**
   * The command that has the agent do one task without a terminal.
   *
   * @param task what is to be done; never taken for an option
   * @throws BottleException when this program cannot be run so
   */
  public ExecSpec task(List<String> arguments, String task) {
    if (parts.program().headless().isEmpty()) {
      throw new BottleException(
          "'" + parts.record().provider() + "' takes no task; give it arguments of its own");
    }
    return ExecSpec.of(
        parts.program().headless(parts.resumed(), parts.promptFile(), arguments, task));
  }

  /**
   * The command of this host that runs the agent in this bottle, from any process: the program
   * {@code carafe} must be on the PATH.
   *
   * @param terminal whether the agent gets a terminal
   */
  public List<String> agentArgv(List<String> arguments, boolean terminal) {
    List<String> argv = new ArrayList<>(List.of("carafe", "exec", "--agent"));
    argv.add(terminal ? "-it" : "-i");
    argv.addAll(List.of(name(), "--"));
    argv.addAll(arguments);
    return List.copyOf(argv);
  }

  /**
   * Runs the agent to its end with this process's standard streams, and returns its exit code.
   *
   * @param terminal whether it gets this process's terminal; then it is run by the program {@code
   *     carafe}, which must be on the PATH
   */
  public int execAgent(List<String> arguments, boolean terminal) {
    return terminal ? inherited(agentArgv(arguments, true)) : streamed(agent(arguments));
  }

  private static int inherited(List<String> argv) {
    try {
      Process process = new ProcessBuilder(argv).inheritIO().start();
      return process.waitFor();
    } catch (IOException e) {
      throw new BottleException(
          "the agent cannot be given this terminal: 'carafe' is not on the PATH ("
              + e.getMessage()
              + ")",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BottleException("interrupted while the agent ran", e);
    }
  }

  private int streamed(ExecSpec spec) {
    try (Execution running = parts.machine().exec(spec)) {
      Thread errors =
          Thread.ofVirtual().name("agent-stderr").start(() -> carry(running.stderr(), System.err));
      carry(running.stdout(), System.out);
      int exitCode = running.await();
      errors.join();
      return exitCode;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BottleException("interrupted while the agent ran", e);
    }
  }

  private static void carry(InputStream from, OutputStream to) {
    try {
      from.transferTo(to);
      to.flush();
    } catch (IOException e) {
      // The stream broke off, or nobody listens: the exit code says what became of the command.
    }
  }

  // ---- commands and files ----

  /** Runs a shell script as {@link #USER}, and captures what it writes. */
  public ExecResult exec(String script) {
    return exec(script, USER);
  }

  /**
   * Runs a shell script, and captures what it writes. No login shell: HOME and USER are set, and
   * the bottle's environment.
   *
   * @param user {@code root} by request
   */
  public ExecResult exec(String script, String user) {
    return parts.machine().run(ExecSpec.shell(script).withUser(user));
  }

  /**
   * Copies a file or a tree of this host into the guest, as {@link #USER}'s. An empty path does
   * nothing.
   *
   * @param guest absolute; the name that the copy gets
   */
  public void copyIn(Path host, String guest) {
    if (host.toString().isEmpty() || guest.isEmpty()) {
      return;
    }
    parts.machine().copyIn(host, guest, owned());
  }

  /** What makes {@link #USER} the owner of a copy, by the guest's own list of users. */
  public CopyOptions owned() {
    GuestUser user = GuestUser.find(parts.machine(), USER);
    return CopyOptions.DEFAULT.withOwner(user.uid(), user.gid());
  }

  /** Copies a file or a tree out of the guest; nothing is written outside {@code host}. */
  public void copyOut(String guest, Path host) {
    if (!guest.isEmpty() && !host.toString().isEmpty()) {
      parts.machine().copyOut(guest, host);
    }
  }

  // ---- its way out ----

  /**
   * Whether it reaches what its routes allow. A way out may also end by itself: a guest that breaks
   * the protocol has none any more.
   *
   * @throws BottleException for one that was {@link Carafe#attach attached} to
   */
  public boolean isOpen() {
    return wayOut().isOpen();
  }

  /**
   * Closes its way out: it goes on running and reaches nothing, until the way out is {@link
   * #openWayOut opened} again. Nothing happens when it is closed.
   *
   * @throws BottleException for one that was {@link Carafe#attach attached} to
   */
  public void shutWayOut() {
    WayOut wayOut = wayOut();
    if (wayOut.isOpen()) {
      wayOut.shut();
      parts.log().say("its way out was closed");
    }
  }

  /**
   * Opens its way out again; that it is what it should be has been tried from inside when this
   * returns. Nothing happens when it is open. The sidecar has a certificate authority of its own:
   * programs that go on running have to read its certificate again.
   *
   * @throws BottleException for one that was {@link Carafe#attach attached} to, or has ended
   * @throws dev.carafe.machine.MachineException when it cannot be opened; it is closed then
   */
  public void openWayOut() {
    WayOut wayOut = wayOut();
    if (!wayOut.isOpen()) {
      wayOut.open();
      parts.log().say("its way out was opened again");
    }
  }

  private WayOut wayOut() {
    return parts
        .wayOut()
        .orElseThrow(
            () ->
                new BottleException(
                    "the way out of bottle '"
                        + name()
                        + "' is held by the process that launched it, and only there closed and"
                        + " opened"));
  }

  // ---- staying ----

  /**
   * Whether there seems to be something in the workspace that was neither brought back nor frozen,
   * or the guest does not say: by the times of its files, which the guest sets as it likes. Blocks
   * for as long as the guest looks, at most two minutes.
   */
  public boolean hasChanges() {
    return parts.record().workspace().isPresent() && Unpulled.in(parts.machine(), USER, HOME);
  }

  /** Whether its machine stays when this is closed; that of one that was attached to does. */
  public boolean isKept() {
    return parts.kept().getAsBoolean();
  }

  /**
   * Makes an image of the bottle as it is now; the agent goes on working. The bottle is kept from
   * now on: when its session has ended, it can be {@link Carafe#prepareResume resumed} from there.
   *
   * @return the image's reference
   * @throws BottleException when that is not possible; the bottle goes on as it was
   */
  public String freeze(Progress progress) {
    AtomicReference<Runnable> frozen = new AtomicReference<>(() -> {});
    unlessItIsOver(() -> frozen.set(Unpulled.begin(parts.machine(), USER, HOME)));
    String reference = parts.freeze().to(progress);
    unlessItIsOver(frozen.get());
    parts.log().say("frozen to " + reference);
    return reference;
  }

  /** For what is good only as long as the bottle lives, and whose session may end meanwhile. */
  private static void unlessItIsOver(Runnable work) {
    try {
      work.run();
    } catch (MachineException e) {
      // Then nobody asks for it any more.
    }
  }

  /** Its machine stays, stopped, when this is closed; it can be resumed. */
  public void keep() {
    parts.keep().run();
  }

  /**
   * Ends the bottle: its way out is closed, its machine and its state are removed, unless it was
   * frozen or is to be {@link #keep kept}. Idempotent.
   *
   * @throws BottleException says what could not be undone; all the rest was
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    Outcome outcome = undo.unwind();
    if (!outcome.failed().isEmpty()) {
      throw new BottleException(
          "bottle '"
              + name()
              + "' has not ended as it should: "
              + String.join("; ", outcome.failed())
              + ". 'carafe cleanup' tries again");
    }
  }
}
