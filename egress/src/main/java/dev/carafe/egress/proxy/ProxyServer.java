package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import dev.carafe.egress.Listen;
import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.Metrics;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.tls.Authority;
import dev.carafe.egress.tls.UpstreamTrust;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Listens, and gives each connection its first handler. Any thread; start and close block. */
public final class ProxyServer implements AutoCloseable {
  /** Netty's own log tells of each thing that a peer does wrong, as often as it likes to. */
  private static final Logger NETTY = Logger.getLogger("io.netty");

  static {
    NETTY.setLevel(Level.SEVERE);
  }

  private final EventLoopGroup loops;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final List<Channel> listeners = new ArrayList<>();
  private final Shared shared;

  /** What decides and remembers. */
  public record Policy(
      RouteTable routes,
      Function<Routes, ScanRules.Builder> rules,
      Audit audit,
      Metrics metrics,
      Authority authority) {}

  /** How servers are found and recognised. */
  public record Outside(
      AddressRules addresses,
      Resolver resolver,
      UpstreamTrust trust,
      Map<String, String> environment) {}

  public ProxyServer(Limits limits, Policy policy, Outside outside, int threadCount) {
    HostProxy proxy = HostProxy.of(outside.environment());
    Dialer dialer =
        new Dialer(limits, outside.addresses(), outside.resolver(), proxy, threads, threads);
    this.shared =
        new Shared(
            limits,
            policy.routes(),
            policy.rules(),
            new Ledger(policy.audit(), policy.metrics()),
            policy.authority(),
            dialer,
            outside.trust(),
            threads);
    this.loops =
        new MultiThreadIoEventLoopGroup(
            threadCount, new DefaultThreadFactory("egress", true), NioIoHandler.newFactory());
    shared.judge();
  }

  /** Makes the certificate one for the present routes, and anew when it is half over. */
  public void refresh() {
    shared.refresh();
  }

  /** Begins to listen; the address with the port that was chosen. */
  public SocketAddress listen(Listen listen) throws IOException {
    boolean unix = listen.address() instanceof UnixDomainSocketAddress;
    int high = shared.limits().writeBuffer();
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .option(ChannelOption.SO_BACKLOG, 256)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(high / 2, high))
            .childHandler(accepting(listen));
    if (unix) {
      bootstrap.channel(NioServerDomainSocketChannel.class);
    } else {
      bootstrap
          .channel(NioServerSocketChannel.class)
          .option(ChannelOption.SO_REUSEADDR, true)
          .childOption(ChannelOption.TCP_NODELAY, true)
          .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }
    ChannelFuture bound = bootstrap.bind(listen.address()).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "egress cannot listen on "
              + Listen.text(listen.address())
              + ": "
              + bound.cause().getMessage(),
          bound.cause());
    }
    listeners.add(bound.channel());
    if (listen.address() instanceof UnixDomainSocketAddress socket) {
      // Whoever connects uses the credentials; the umask is not asked.
      Files.setPosixFilePermissions(socket.getPath(), PosixFilePermissions.fromString("rw-------"));
    }
    return bound.channel().localAddress();
  }

  private ChannelInitializer<Channel> accepting(Listen listen) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        accept(listen, channel);
      }
    };
  }

  private void accept(Listen listen, Channel channel) {
    if (!shared.connect()) {
      turnAway(listen, channel);
      return;
    }
    connections.add(channel);
    shared.ledger().metrics().connectionOpened();
    channel
        .closeFuture()
        .addListener(
            f -> {
              shared.disconnect();
              shared.ledger().metrics().connectionClosed();
            });
    ChannelPipeline pipeline = channel.pipeline();
    switch (listen.kind()) {
      case PROXY -> pipeline.addLast(new Http1Client(shared, new Origin.Proxy()));
      case HTTP -> pipeline.addLast(new Http1Client(shared, new Origin.Plain(listen.port())));
      case TLS -> pipeline.addLast(TunnelStart.transparent(shared, listen.port()));
    }
  }

  private void turnAway(Listen listen, Channel channel) {
    Refused why = Refused.busy("too many connections at once");
    shared.refused("", null, why);
    if (listen.kind() == Listen.Kind.TLS) {
      channel.close();
      return;
    }
    String text = why.text() + "\n";
    Answer answer = Answer.refusal(why);
    answer.headers().set("connection", "close");
    channel
        .eventLoop()
        .execute(
            () -> {
              channel.write(Http1Writer.response(answer));
              channel
                  .writeAndFlush(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)))
                  .addListener(ChannelFutureListener.CLOSE);
            });
  }

  /** Ends all connections; returns when they are gone, or after 5 seconds. */
  @Override
  public void close() {
    for (Channel listener : listeners) {
      SocketAddress address = listener.localAddress();
      listener.close().awaitUninterruptibly();
      if (address instanceof UnixDomainSocketAddress unix) {
        try {
          Files.deleteIfExists(unix.getPath());
        } catch (IOException e) {
          // Somebody else's now.
        }
      }
    }
    connections.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    threads.shutdownNow();
    shared.forget();
  }
}
