package dev.carafe.egress.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;

/**
 * Writes without a system call, and a TLS record, for each piece: what is written in one turn of
 * the event loop goes out together at its end. In the event loop.
 */
final class Flusher {
  private final Channel channel;
  private boolean pending;

  Flusher(Channel channel) {
    this.channel = channel;
  }

  ChannelFuture write(Object message) {
    ChannelFuture written = channel.write(message);
    if (!pending) {
      pending = true;
      channel.eventLoop().execute(this::flush);
    }
    return written;
  }

  private void flush() {
    pending = false;
    channel.flush();
  }
}
