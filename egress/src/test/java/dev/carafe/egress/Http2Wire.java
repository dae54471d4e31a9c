package dev.carafe.egress;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An HTTP/2 client that sends the frames it is told, and keeps those that come. */
final class Http2Wire implements AutoCloseable {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("test-client", true), NioIoHandler.newFactory());
  private final Channel channel;

  /**
   * Connects to something that stands for the server of that name.
   *
   * @param window how much of a stream is taken before it is read
   */
  Http2Wire(InetSocketAddress address, String name, String pem, int window) throws Exception {
    SslContext tls =
        SslContextBuilder.forClient()
            .trustManager(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    "h2"))
            .build();
    channel =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel made) {
                    made.pipeline()
                        .addLast(
                            tls.newHandler(made.alloc(), name, 443),
                            Http2FrameCodecBuilder.forClient()
                                .validateHeaders(false)
                                .encoderIgnoreMaxHeaderListSize(true)
                                .initialSettings(
                                    Http2Settings.defaultSettings().initialWindowSize(window))
                                .build(),
                            new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
                            new Ignore());
                  }
                })
            .connect(address)
            .sync()
            .channel();
    channel.pipeline().get(SslHandler.class).handshakeFuture().sync();
  }

  private static final class Ignore extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** A request's headers, to which more may be added. */
  static Http2Headers request(String method, String authority, String path) {
    return new DefaultHttp2Headers(false)
        .method(method)
        .scheme("https")
        .authority(authority)
        .path(path);
  }

  /** One stream: what it sent, in order. */
  static final class Stream extends ChannelInboundHandlerAdapter {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private Http2StreamChannel channel;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      switch (message) {
        case Http2HeadersFrame frame -> {
          events.add(frame.headers());
          end(frame.isEndStream());
        }
        case Http2DataFrame frame -> {
          if (frame.content().isReadable()) {
            events.add(frame.content().toString(StandardCharsets.UTF_8));
          }
          frame.release();
          end(frame.isEndStream());
        }
        default -> ReferenceCountUtil.release(message);
      }
    }

    private void end(boolean ended) {
      if (ended) {
        events.add("END");
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof Http2ResetFrame reset) {
        events.add("RESET " + reset.errorCode());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      events.add("ERROR " + cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      events.add("CLOSED");
    }

    Stream data(String text, boolean last) {
      channel.writeAndFlush(
          new DefaultHttp2DataFrame(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8), last));
      return this;
    }

    Stream trailers(Http2Headers trailers) {
      channel.writeAndFlush(new DefaultHttp2HeadersFrame(trailers, true));
      return this;
    }

    Channel channel() {
      return channel;
    }

    Object next() throws Exception {
      Object event = events.poll(20, TimeUnit.SECONDS);
      return event == null ? "NOTHING" : event;
    }

    /** The next event that is not headers. */
    String text() throws Exception {
      return next().toString();
    }

    /** Reads data until it is this much, in however many frames. */
    String text(int length) throws Exception {
      StringBuilder text = new StringBuilder();
      while (text.length() < length) {
        String more = text();
        text.append(more);
        if (more.equals("NOTHING") || more.equals("CLOSED")) {
          break;
        }
      }
      return text.toString();
    }

    Http2Headers headers() throws Exception {
      Object event = next();
      if (event instanceof Http2Headers headers) {
        return headers;
      }
      throw new AssertionError("not headers: " + event);
    }
  }

  Stream open(Http2Headers headers, boolean last) throws Exception {
    Stream stream = new Stream();
    stream.channel =
        new Http2StreamChannelBootstrap(channel).handler(stream).open().sync().getNow();
    stream.channel.writeAndFlush(new DefaultHttp2HeadersFrame(headers, last)).sync();
    return stream;
  }

  @Override
  public void close() {
    channel.close().syncUninterruptibly();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
