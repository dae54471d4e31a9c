package dev.carafe.egress.routes;

import dev.carafe.egress.secret.SecretSources;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The routes as they are now, and how they change while the proxy runs. Any thread; {@link
 * #current} and {@link #close} never wait for a file or a program.
 *
 * <p>A file that cannot be used changes nothing: the last good routes stay. If there never was a
 * good one, nothing is allowed. Either is said, once for each thing found, to the listener.
 *
 * <p>Watching compares the file's bytes, once a second, rather than asking the kernel for events:
 * that also sees a file that is replaced by a rename, a link that leads elsewhere, and any file
 * system. Changed bytes are only read as routes when they are the same a second later: an editor
 * that writes in place has by then finished, and a half-written file, whose last route may lack its
 * conditions, is never in force.
 */
public final class RouteTable implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** What came of looking at the file. */
  public sealed interface Event {
    /** A sentence, or several lines of them, without secrets. */
    String text();

    /** New routes are in force. */
    record Loaded(Path file, Routes routes) implements Event {
      @Override
      public String text() {
        int count = routes.all().size();
        return file + ": " + count + (count == 1 ? " route is" : " routes are") + " in force";
      }
    }

    /** The file cannot be used; what was in force stays so. */
    record Kept(RoutesException problem) implements Event {
      @Override
      public String text() {
        return "the routes of before stay in force, since the file cannot be used:\n"
            + problem.getMessage();
      }
    }

    /** The file cannot be used, and nothing is allowed. */
    record Denied(RoutesException problem) implements Event {
      @Override
      public String text() {
        return "EVERY REQUEST IS REFUSED, since the routes file cannot be used:\n"
            + problem.getMessage();
      }
    }
  }

  private final Optional<Path> file;
  private final SecretSources sources;
  private final Consumer<Event> listener;
  private volatile Routes current;
  private boolean good;
  private Thread watcher;
  private Thread loader;
  private boolean closed;

  /** Held while the file is read, which may take long; what is above is for the monitor. */
  private final ReentrantLock loading = new ReentrantLock();

  /** What was read as routes last, whatever came of it; and what was seen last. */
  private byte[] handled = {};

  private byte[] seen = {};

  private RouteTable(
      Optional<Path> file, SecretSources sources, Consumer<Event> listener, Routes first) {
    this.file = file;
    this.sources = sources;
    this.listener = listener;
    this.current = first;
  }

  /** A table that begins with these, and has no file. */
  public static RouteTable of(Routes routes) {
    return new RouteTable(Optional.empty(), SecretSources.placeholders(), event -> {}, routes);
  }

  /**
   * A table that follows a file, which is read now. It does not matter whether the file can be
   * used: the listener hears it. Blocks as {@link SecretSources} does.
   *
   * @param listener is called by the thread that read the file, one call at a time; must not call
   *     back
   */
  public static RouteTable open(Path file, SecretSources sources, Consumer<Event> listener) {
    RouteTable table = new RouteTable(Optional.of(file), sources, listener, Routes.none());
    table.reload();
    return table;
  }

  /** What is allowed now. A request asks once. */
  public Routes current() {
    return current;
  }

  /** Other routes from now on. */
  public synchronized void set(Routes routes) {
    current = routes;
    good = true;
  }

  /**
   * Reads the file and fetches its secrets again, whether or not it has changed. Without a file,
   * does nothing. Blocks as {@link SecretSources} does.
   */
  public void reload() {
    if (file.isEmpty()) {
      return;
    }
    loading.lock();
    try {
      seen = bytesOrNone(file.get());
      load(file.get(), seen);
    } finally {
      loading.unlock();
    }
  }

  /** Looks at the file from time to time, on a thread of its own, until {@link #close}. */
  public synchronized void watch() {
    if (file.isPresent() && watcher == null && !closed) {
      watcher = Thread.ofPlatform().daemon().name("carafe-routes").start(this::keepLooking);
    }
  }

  private void keepLooking() {
    try {
      while (true) {
        Thread.sleep(INTERVAL);
        look();
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  /** Looks once; changed bytes are used when the look before saw the same. */
  void look() {
    Path path = file.orElseThrow();
    loading.lock();
    try {
      byte[] now = bytesOrNone(path);
      boolean asBefore = settled(now);
      seen = now;
      if (asBefore && !Arrays.equals(now, handled)) {
        load(path, now);
      }
    } finally {
      loading.unlock();
    }
  }

  /** Whether nobody has written since the last look. */
  private boolean settled(byte[] now) {
    return Arrays.equals(now, seen);
  }

  /** No bytes stand for a file that cannot be read: an empty one is of no use either. */
  private static byte[] bytesOrNone(Path path) {
    try {
      return RoutesFile.bytes(path);
    } catch (RoutesException e) {
      return new byte[0];
    }
  }

  private void load(Path path, byte[] bytes) {
    synchronized (this) {
      if (closed) {
        return;
      }
      loader = Thread.currentThread();
    }
    handled = bytes;
    Optional<Event> event;
    try {
      event =
          publish(
              path,
              bytes.length == 0
                  ? Routes.load(path, sources)
                  : RoutesFile.parse(path, bytes, sources));
    } catch (RoutesException e) {
      event = keep(e);
    }
    event.ifPresent(listener);
  }

  /** Nothing when the table was closed meanwhile. */
  private synchronized Optional<Event> publish(Path path, Routes routes) {
    loader = null;
    if (closed) {
      routes.clear();
      return Optional.empty();
    }
    current = routes;
    good = true;
    return Optional.of(new Event.Loaded(path, routes));
  }

  private synchronized Optional<Event> keep(RoutesException e) {
    loader = null;
    if (closed) {
      return Optional.empty();
    }
    return Optional.of(good ? new Event.Kept(e) : new Event.Denied(e));
  }

  /**
   * Ends the watching and what is being fetched, allows nothing any more, and overwrites the
   * secrets. Idempotent.
   */
  @Override
  public synchronized void close() {
    closed = true;
    if (watcher != null) {
      watcher.interrupt();
    }
    if (loader != null) {
      loader.interrupt();
    }
    Routes last = current;
    current = Routes.none();
    last.clear();
  }
}
