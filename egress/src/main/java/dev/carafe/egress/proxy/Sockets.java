package dev.carafe.egress.proxy;

import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;

/** What kinds of connections differ in. */
final class Sockets {
  private Sockets() {}

  /** Whether its first end of file leaves the other direction open. */
  static boolean isTcp(Channel channel) {
    return channel instanceof SocketChannel;
  }

  /** Says that no more will be written, where that can be said, or closes. */
  static void shutdownOutput(Channel channel) {
    if (channel instanceof DuplexChannel duplex) {
      duplex.shutdownOutput();
    } else {
      channel.close();
    }
  }
}
