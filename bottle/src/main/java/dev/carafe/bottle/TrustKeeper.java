package dev.carafe.bottle;

import dev.carafe.machine.MachineException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps a guest trusting its sidecar: the sidecar's certificate becomes another when the routes
 * name other hosts, and when it is half over, and the guest needs each new one. Looks once an hour,
 * and when it is told to. Any thread.
 */
final class TrustKeeper implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofHours(1);

  /** After a failure: the guest may have been busy. */
  private static final Duration AGAIN = Duration.ofMinutes(1);

  private final Consumer<String> installer;
  private final Supplier<String> certificate;
  private final Consumer<String> notes;
  private final Semaphore wanted = new Semaphore(0);
  private volatile boolean closed;
  private String installed = "";

  /**
   * @param installer has the guest trust a certificate, PEM
   * @param certificate what is to be trusted now, PEM
   * @param notes hears when the guest could not be made to trust it
   */
  TrustKeeper(Consumer<String> installer, Supplier<String> certificate, Consumer<String> notes) {
    this.installer = installer;
    this.certificate = certificate;
    this.notes = notes;
  }

  /**
   * Makes the guest trust the certificate as it is now; does nothing when it does already. Blocks.
   *
   * @throws MachineException when that is not possible; it is tried again later
   */
  synchronized void renew() {
    String now = certificate.get();
    if (!closed && !now.equals(installed)) {
      installer.accept(now);
      installed = now;
    }
  }

  /** Has it done soon, by a thread of its own. */
  void renewSoon() {
    wanted.release();
  }

  /** Begins to look from time to time. */
  void watch() {
    Thread.ofVirtual().name("carafe-trust").start(this::keepLooking);
  }

  private void keepLooking() {
    Duration next = INTERVAL;
    try {
      while (!closed) {
        if (wanted.tryAcquire(next.toNanos(), TimeUnit.NANOSECONDS)) {
          wanted.drainPermits();
        }
        next = look() ? INTERVAL : AGAIN;
      }
    } catch (InterruptedException e) {
      // Nobody does that; if somebody did, it would be to end this.
    }
  }

  private boolean look() {
    try {
      renew();
      return true;
    } catch (RuntimeException | Error e) {
      // Whatever it was, the next attempt must come: the certificate ends some day.
      if (!closed) {
        notes.accept(Sentence.reason(e));
      }
      return false;
    }
  }

  /** Ends it; what is being installed is. Idempotent. */
  @Override
  public void close() {
    closed = true;
    wanted.release();
  }
}
