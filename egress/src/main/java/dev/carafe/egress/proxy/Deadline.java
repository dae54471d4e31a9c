package dev.carafe.egress.proxy;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes a connection when what it waits for does not come in time. In its event loop. */
final class Deadline {
  private final Channel channel;
  private @Nullable Future<?> pending;
  private boolean once;

  Deadline(Channel channel) {
    this.channel = channel;
  }

  void set(Duration time) {
    clear();
    pending =
        channel
            .eventLoop()
            .schedule((Runnable) channel::close, time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** The same, unless it was called since the last {@link #set} or {@link #clear}. */
  void setOnce(Duration time) {
    if (!once) {
      set(time);
      once = true;
    }
  }

  void clear() {
    once = false;
    if (pending != null) {
      pending.cancel(false);
      pending = null;
    }
  }
}
