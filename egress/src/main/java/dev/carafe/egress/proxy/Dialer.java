package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Connects to upstream servers. A name is resolved on the host, once; the addresses are checked,
 * and one that was checked is connected to. Where the host itself must use a proxy, the connection
 * is made through it, and the proxy resolves; names that the host knows to be its own or private
 * are refused then too. Any thread; results come in the event loop that is named.
 */
final class Dialer {
  private static final int ADDRESSES_TRIED = 4;

  private final Limits limits;
  private final AddressRules rules;
  private final Resolver resolver;
  private final HostProxy proxy;
  private final Executor blocking;
  private final Executor computing;

  Dialer(
      Limits limits,
      AddressRules rules,
      Resolver resolver,
      HostProxy proxy,
      Executor blocking,
      Executor computing) {
    this.limits = limits;
    this.rules = rules;
    this.resolver = resolver;
    this.proxy = proxy;
    this.blocking = blocking;
    this.computing = computing;
  }

  /** A connection that may be used; nobody has read from it. */
  record Dialed(Channel channel, boolean http2) {}

  /** Where to connect, and what to ask there if it is a proxy. */
  private record Plan(List<InetSocketAddress> addresses, Optional<HostProxy.Proxy> through) {}

  /**
   * Connects.
   *
   * @param tls the client's side of TLS, or null for none
   * @param overTls whether TLS is spoken on it, here or by the guest
   * @param more addresses that the routes allow
   */
  Future<Dialed> dial(
      HostPort to, @Nullable SslContext tls, boolean overTls, AddressRules rules, EventLoop loop) {
    Promise<Dialed> promise = loop.newPromise();
    Promise<Plan> plan = loop.newPromise();
    blocking.execute(
        () -> {
          try {
            plan.trySuccess(plan(to, overTls, rules));
          } catch (Refused e) {
            plan.tryFailure(e);
          }
        });
    loop.schedule(
        () -> plan.tryFailure(Refused.late("the name " + to.host() + " was not resolved in time")),
        limits.connect().toNanos(),
        TimeUnit.NANOSECONDS);
    plan.addListener(
        (Future<Plan> f) -> {
          if (f.isSuccess()) {
            connect(to, tls, f.getNow(), 0, loop, promise);
          } else {
            promise.setFailure(f.cause());
          }
        });
    return promise;
  }

  AddressRules rules() {
    return rules;
  }

  private Plan plan(HostPort to, boolean overTls, AddressRules rules) throws Refused {
    Optional<HostProxy.Proxy> through = proxy.forDestination(to, overTls);
    if (through.isPresent()) {
      try {
        checked(to.host(), resolver.resolve(to.host()), rules);
      } catch (UnknownHostException e) {
        // The proxy may know it.
      }
      try {
        return new Plan(
            sockets(resolver.resolve(through.get().host()), through.get().port()), through);
      } catch (UnknownHostException e) {
        throw Refused.upstream("the host's own proxy is not known by name");
      }
    }
    try {
      List<InetAddress> addresses = checked(to.host(), resolver.resolve(to.host()), rules);
      return new Plan(sockets(addresses, to.port()), through);
    } catch (UnknownHostException e) {
      throw Refused.upstream("the name " + to.host() + " is not known");
    }
  }

  private static List<InetAddress> checked(
      String host, List<InetAddress> addresses, AddressRules rules) throws Refused {
    List<InetAddress> allowed = new ArrayList<>();
    String refusal = "the name " + host + " has no address";
    for (InetAddress address : addresses) {
      Optional<String> one = rules.refusal(address);
      if (one.isEmpty()) {
        allowed.add(address);
      } else {
        refusal =
            "the address of "
                + host
                + ", "
                + address.getHostAddress()
                + ", belongs to "
                + one.get()
                + "; add it or its network to 'allow' in the routes file if that is meant";
      }
    }
    if (allowed.isEmpty()) {
      throw Refused.denied(refusal);
    }
    return allowed;
  }

  private static List<InetSocketAddress> sockets(List<InetAddress> addresses, int port) {
    return addresses.stream()
        .limit(ADDRESSES_TRIED)
        .map(address -> new InetSocketAddress(address, port))
        .toList();
  }

  private void connect(
      HostPort to,
      @Nullable SslContext tls,
      Plan plan,
      int index,
      EventLoop loop,
      Promise<Dialed> promise) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) limits.connect().toMillis())
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(limits.writeBuffer() / 2, limits.writeBuffer()))
            .handler(nothing());
    InetSocketAddress address = plan.addresses().get(index);
    bootstrap
        .connect(address)
        .addListener(
            (ChannelFuture f) -> {
              if (f.isSuccess()) {
                connected(to, tls, plan, f.channel(), promise);
              } else if (index + 1 < plan.addresses().size()) {
                connect(to, tls, plan, index + 1, loop, promise);
              } else {
                promise.setFailure(Refused.upstream(unreachable(to, plan)));
              }
            });
  }

  private static String unreachable(HostPort to, Plan plan) {
    return plan.through().isPresent()
        ? "the host's own proxy cannot be connected to"
        : to + " cannot be connected to";
  }

  private static ChannelHandler nothing() {
    return new ChannelInboundHandlerAdapter();
  }

  /** Closes on errors, which the handshake's result tells too. */
  private static final class Quiet extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private void connected(
      HostPort to, @Nullable SslContext tls, Plan plan, Channel channel, Promise<Dialed> promise) {
    if (plan.through().isEmpty()) {
      secure(to, tls, channel, promise);
      return;
    }
    HostProxyConnect connect =
        new HostProxyConnect(to, plan.through().get(), limits, loopPromise(channel));
    channel.pipeline().addLast(connect);
    connect
        .done()
        .addListener(
            f -> {
              if (f.isSuccess()) {
                secure(to, tls, channel, promise);
              } else {
                channel.close();
                promise.setFailure(f.cause());
              }
            });
  }

  private static Promise<Void> loopPromise(Channel channel) {
    return channel.eventLoop().newPromise();
  }

  private void secure(
      HostPort to, @Nullable SslContext tls, Channel channel, Promise<Dialed> promise) {
    if (tls == null) {
      promise.setSuccess(new Dialed(channel, false));
      return;
    }
    SslHandler handler = tls.newHandler(channel.alloc(), to.host(), to.port(), computing);
    handler.setHandshakeTimeoutMillis(limits.handshake().toMillis());
    Quiet quiet = new Quiet();
    channel.pipeline().addLast("tls", handler).addLast(quiet);
    handler
        .handshakeFuture()
        .addListener(
            f -> {
              if (f.isSuccess()) {
                promise.setSuccess(new Dialed(channel, "h2".equals(handler.applicationProtocol())));
              } else {
                channel.close();
                promise.setFailure(failure(to, f.cause()));
              }
            });
    channel.read();
  }

  private static Refused failure(HostPort to, Throwable cause) {
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof CertificateException) {
        return Refused.upstream("the certificate of " + to + " is not trusted on this host");
      }
    }
    return Refused.upstream("TLS with " + to + " failed");
  }
}
