package dev.carafe.egress;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A server on loopback that speaks HTTP/1.1 or HTTP/2, with TLS or without, by a codec that is not
 * the proxy's. What it does is chosen by path.
 */
public final class TestServer implements AutoCloseable {
  /** What happens with one request; made anew for each. Told its parts in order. */
  public interface Behaviour {
    void on(ChannelHandlerContext ctx, HttpObject part);

    /** More can be written. */
    default void writable(ChannelHandlerContext ctx) {}

    /** The stream or connection has ended. */
    default void gone() {}
  }

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("test-server", true), NioIoHandler.newFactory());
  private final Map<String, Supplier<Behaviour>> behaviours = new ConcurrentHashMap<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> heads = new ConcurrentLinkedQueue<>();
  private final Channel listener;

  private TestServer(@Nullable SslContext tls) {
    listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    connections.incrementAndGet();
                    if (tls == null) {
                      http1(channel);
                    } else {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Chosen());
                    }
                  }
                })
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
  }

  /** Without TLS. */
  public static TestServer plain() {
    return new TestServer(null);
  }

  /** With TLS. */
  public static TestServer tls(SslContext tls) {
    return new TestServer(tls);
  }

  /** What is done at a path. */
  public TestServer on(String path, Supplier<Behaviour> behaviour) {
    behaviours.put(path, behaviour);
    return this;
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** How many connections there have been. */
  public int connections() {
    return connections.get();
  }

  /** The request lines that have come, and the version. */
  public java.util.List<String> heads() {
    return java.util.List.copyOf(heads);
  }

  private void http1(Channel channel) {
    channel.pipeline().addLast("http", new HttpServerCodec(16 << 10, 128 << 10, 8 << 10));
    channel.pipeline().addLast("app", new Application("HTTP/1.1"));
  }

  private final class Chosen extends ApplicationProtocolNegotiationHandler {
    Chosen() {
      super(ApplicationProtocolNames.HTTP_1_1);
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
      if (!protocol.equals(ApplicationProtocolNames.HTTP_2)) {
        http1(ctx.channel());
        return;
      }
      ctx.pipeline()
          .addLast(
              Http2FrameCodecBuilder.forServer()
                  .initialSettings(Http2Settings.defaultSettings().maxConcurrentStreams(100))
                  .build(),
              new Http2MultiplexHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel stream) {
                      stream
                          .pipeline()
                          .addLast(
                              new Http2StreamFrameToHttpObjectCodec(true),
                              new Application("HTTP/2"));
                    }
                  }));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private final class Application extends SimpleChannelInboundHandler<HttpObject> {
    private final String version;
    private @Nullable Behaviour behaviour;

    Application(String version) {
      this.version = version;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
      if (part.decoderResult().isFailure()) {
        heads.add("BAD " + part.decoderResult().cause());
        ctx.close();
        return;
      }
      if (part instanceof HttpRequest request) {
        heads.add(request.method() + " " + request.uri() + " " + version);
        String path = request.uri().split("\\?", 2)[0];
        Supplier<Behaviour> chosen = behaviours.get(path);
        behaviour = chosen == null ? Behaviours.text(404, "nothing here") : chosen.get();
      }
      behaviour.on(ctx, part);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (behaviour != null && ctx.channel().isWritable()) {
        behaviour.writable(ctx);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (behaviour != null) {
        behaviour.gone();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  static DefaultHttpContent content(byte[] bytes) {
    return new DefaultHttpContent(io.netty.buffer.Unpooled.wrappedBuffer(bytes));
  }
}
