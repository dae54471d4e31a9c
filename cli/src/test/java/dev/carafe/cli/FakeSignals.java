package dev.carafe.cli;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Signals that a test raises. */
final class FakeSignals implements Signals {
  private final Map<Integer, Runnable> handlers = new ConcurrentHashMap<>();

  /** The exit code this process would have died with. */
  final CompletableFuture<Integer> died = new CompletableFuture<>();

  @Override
  public void handle(int signal, Runnable handler) {
    handlers.put(signal, handler);
  }

  @Override
  public void die(int exitCode) {
    died.complete(exitCode);
  }

  /** As the operating system does: on a thread of its own. */
  Thread raise(int signal) {
    return Thread.ofVirtual().start(handlers.get(signal));
  }

  boolean handles(int signal) {
    return handlers.containsKey(signal);
  }
}
