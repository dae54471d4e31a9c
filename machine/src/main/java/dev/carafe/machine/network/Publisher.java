package dev.carafe.machine.network;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Network.PublishedPort;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Listens on the host's loopback for one published port. Belongs to the relay's thread. */
final class Publisher implements AutoCloseable {
  private final int guestPort;
  private final ServerSocketChannel socket;

  private Publisher(int guestPort, ServerSocketChannel socket) {
    this.guestPort = guestPort;
    this.socket = socket;
  }

  /**
   * @throws MachineException STATE when the port is in use
   */
  static Publisher open(PublishedPort port, Selector selector) throws IOException {
    ServerSocketChannel socket = ServerSocketChannel.open();
    try {
      socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      socket.bind(
          new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port.host()),
          128);
      socket.configureBlocking(false);
      Publisher publisher = new Publisher(port.guest(), socket);
      socket.register(selector, SelectionKey.OP_ACCEPT, publisher);
      return publisher;
    } catch (BindException e) {
      socket.close();
      throw new MachineException(
          ErrorCode.STATE,
          "publish port " + port,
          e.getMessage() != null && e.getMessage().contains("denied")
              ? "host port " + port.host() + " may only be used by root"
              : "host port " + port.host() + " is already in use",
          e);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  int guestPort() {
    return guestPort;
  }

  /** The next connection, or null. */
  SocketChannel next() throws IOException {
    return socket.accept();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
