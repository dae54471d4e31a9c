package dev.carafe.cli;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Signals that a test raises. */
final class FakeSignals implements Signals {
  private final Map<Integer, Runnable> handlers = new ConcurrentHashMap<>();

  private final AtomicLong now = new AtomicLong();

  /** The exit code this process would have died with. */
  final CompletableFuture<Integer> died = new CompletableFuture<>();

  @Override
  public void handle(int signal, Runnable handler) {
    handlers.put(signal, handler);
  }

  @Override
  public long nanos() {
    return now.get();
  }

  @Override
  public void die(int exitCode) {
    died.complete(exitCode);
  }

  /** As the operating system does: on a thread of its own. A second after the one before. */
  Thread raise(int signal) {
    now.addAndGet(1_000_000_000);
    return raiseAtOnce(signal);
  }

  /** No time after the one before. */
  Thread raiseAtOnce(int signal) {
    return Thread.ofVirtual().start(handlers.get(signal));
  }

  boolean handles(int signal) {
    return handlers.containsKey(signal);
  }
}
