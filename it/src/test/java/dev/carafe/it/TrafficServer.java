package dev.carafe.it;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A server with TLS on loopback that speaks HTTP/2 and HTTP/1.1 by codecs that are not the proxy's.
 * What it does is chosen by path: {@code /events} is a stream of events, {@code /upload} takes a
 * body and answers its hash, {@code /chat} is a WebSocket that echoes, {@code /lab.Echo/Say} a gRPC
 * method that echoes; anything else is answered with what was asked, and the version.
 */
final class TrafficServer implements AutoCloseable {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("traffic-server", true), NioIoHandler.newFactory());
  private final SslContext tls;
  private final Channel listener;

  /** Request line and version, one text for each request. */
  final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

  /** The stream of events, when its first one was sent. */
  final BlockingQueue<Channel> listening = new LinkedBlockingQueue<>();

  /** An upload that has come so far that no more of it is read, until the test says so. */
  final CompletableFuture<Channel> held = new CompletableFuture<>();

  private final long holdAt;

  /**
   * @param holdAt bytes of an upload after which it is held
   */
  TrafficServer(ServerKeys keys, long holdAt) throws Exception {
    this.holdAt = holdAt;
    tls =
        SslContextBuilder.forServer(keys.managers())
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    "h2",
                    "http/1.1"))
            .build();
    listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Chosen());
                  }
                })
            .bind(HostProxy.LOOPBACK, 0)
            .syncUninterruptibly()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** Sends one more event. */
  static void event(Channel stream, String text) {
    stream.writeAndFlush(new DefaultHttpContent(utf8("data: " + text + "\n\n")));
  }

  /** Ends a stream of events. */
  static void endEvents(Channel stream) {
    stream.writeAndFlush(new DefaultLastHttpContent());
  }

  private static ByteBuf utf8(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
  }

  /** Which version is spoken. */
  private final class Chosen extends ApplicationProtocolNegotiationHandler {
    Chosen() {
      super("http/1.1");
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
      if (protocol.equals("h2")) {
        ctx.pipeline()
            .addLast(
                Http2FrameCodecBuilder.forServer().build(),
                new Http2MultiplexHandler(
                    new ChannelInitializer<Channel>() {
                      @Override
                      protected void initChannel(Channel stream) {
                        stream
                            .pipeline()
                            .addLast(
                                new Http2StreamFrameToHttpObjectCodec(true),
                                new Exchange("HTTP/2"));
                      }
                    }));
      } else {
        ctx.pipeline()
            .addLast(
                new HttpServerCodec(),
                new WebSocketServerProtocolHandler("/chat"),
                new Echo(),
                new Exchange("HTTP/1.1"));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private static final class Echo extends SimpleChannelInboundHandler<TextWebSocketFrame> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, TextWebSocketFrame frame) {
      ctx.writeAndFlush(frame.retain());
    }
  }

  /** Requests, one after the other. */
  private final class Exchange extends SimpleChannelInboundHandler<HttpObject> {
    private final String version;
    private final MessageDigest digest;
    private HttpRequest request;
    private long bytes;

    Exchange(String version) {
      this.version = version;
      try {
        digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
      if (part instanceof HttpRequest begun) {
        request = begun;
        bytes = 0;
        requests.add(line());
        begin(ctx);
      }
      if (part instanceof HttpContent content) {
        body(ctx, content.content());
      }
      if (part instanceof LastHttpContent) {
        end(ctx);
      }
    }

    private String line() {
      return request.method() + " " + request.uri() + " " + version;
    }

    private boolean at(String path) {
      return request.uri().equals(path);
    }

    private void begin(ChannelHandlerContext ctx) {
      if (at("/events") || at("/lab.Echo/Say")) {
        HttpResponse response =
            new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        HttpUtil.setTransferEncodingChunked(response, true);
        String type = at("/events") ? "text/event-stream" : "application/grpc+proto";
        response.headers().set("content-type", type);
        ctx.writeAndFlush(response);
      }
    }

    private void body(ChannelHandlerContext ctx, ByteBuf piece) {
      if (at("/lab.Echo/Say") && piece.isReadable()) {
        ctx.writeAndFlush(new DefaultHttpContent(piece.retainedDuplicate()));
        return;
      }
      long before = bytes;
      bytes += piece.readableBytes();
      for (var part : piece.nioBuffers()) {
        digest.update(part);
      }
      if (at("/upload") && before < holdAt && bytes >= holdAt) {
        ctx.channel().config().setAutoRead(false);
        held.complete(ctx.channel());
      }
    }

    private void end(ChannelHandlerContext ctx) {
      if (at("/events")) {
        event(ctx.channel(), "first");
        listening.add(ctx.channel());
      } else if (at("/lab.Echo/Say")) {
        LastHttpContent last = new DefaultLastHttpContent();
        last.trailingHeaders().set("grpc-status", "0");
        ctx.writeAndFlush(last);
      } else {
        String text =
            at("/upload") ? bytes + " " + HexFormat.of().formatHex(digest.digest()) : line();
        FullHttpResponse response =
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, utf8(text + "\n"));
        response.headers().set("content-length", response.content().readableBytes());
        ctx.writeAndFlush(response);
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
    loops.shutdownGracefully(0, 2, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
  }
}
