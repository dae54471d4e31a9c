package dev.carafe.egress;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/**
 * Where the guest's connections arrive, and what they are.
 *
 * @param address a Unix-domain socket, or TCP on loopback, port 0 for any
 * @param port for {@link Kind#TLS} and {@link Kind#HTTP}: the port that the guest thinks it has
 *     connected to; 0 for {@link Kind#PROXY}
 */
public record Listen(Kind kind, SocketAddress address, int port) {

  /** What clients think that they talk to. */
  public enum Kind {
    /** A proxy: CONNECT, and requests with an absolute URL. */
    PROXY,
    /** The server itself, with TLS; the name in the hello says which. */
    TLS,
    /** The server itself, without TLS; the Host header says which. */
    HTTP
  }

  public Listen {
    if (address instanceof InetSocketAddress tcp
        && (tcp.isUnresolved() || !tcp.getAddress().isLoopbackAddress())) {
      throw new IllegalArgumentException("egress listens on loopback only, not on " + tcp);
    }
    if (kind == Kind.PROXY ? port != 0 : port < 1 || port > 65535) {
      throw new IllegalArgumentException("port " + port + " for " + kind);
    }
  }

  /** An address as people write it: {@code 127.0.0.1:9099}, {@code [::1]:9099}, {@code unix:/x}. */
  public static String text(SocketAddress address) {
    return switch (address) {
      case InetSocketAddress tcp -> {
        String host = tcp.getAddress().getHostAddress();
        yield (host.contains(":") ? "[" + host + "]" : host) + ":" + tcp.getPort();
      }
      case UnixDomainSocketAddress unix -> "unix:" + unix.getPath();
      default -> address.toString();
    };
  }

  /** A proxy on TCP. */
  public static Listen proxy(InetSocketAddress address) {
    return new Listen(Kind.PROXY, address, 0);
  }

  /** A proxy on a Unix-domain socket, which is made. */
  public static Listen proxy(Path socket) {
    return new Listen(Kind.PROXY, UnixDomainSocketAddress.of(socket), 0);
  }

  /** Stands for all servers' port 443. */
  public static Listen tls(SocketAddress address) {
    return new Listen(Kind.TLS, address, 443);
  }

  /** Stands for all servers' port 80. */
  public static Listen http(SocketAddress address) {
    return new Listen(Kind.HTTP, address, 80);
  }
}
