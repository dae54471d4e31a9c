package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * Ends TLS towards the guest as the server that was asked for, when it is its turn, and goes on
 * with the version of HTTP that the client chose.
 */
final class TlsStart extends ChannelInboundHandlerAdapter {
  private static final int INTERNAL_ERROR = 80;

  private final Shared shared;
  private final HostPort to;
  private Deadline deadline;
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private boolean removed;

  TlsStart(Shared shared, HostPort to) {
    this.shared = shared;
    this.to = to;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    deadline = new Deadline(ctx.channel());
    deadline.set(shared.limits().handshake());
    boolean mayWait =
        shared.handshakes().enter(() -> ctx.channel().eventLoop().execute(() -> begin(ctx)));
    if (!mayWait) {
      shared.refused("CONNECT", to, Refused.busy("too many TLS handshakes at once"));
      TunnelStart.alert(ctx, INTERNAL_ERROR);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    removed = true;
    deadline.clear();
    in.release();
    in = Unpooled.EMPTY_BUFFER;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    in = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, (ByteBuf) message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  private void begin(ChannelHandlerContext ctx) {
    if (removed || !ctx.channel().isActive()) {
      shared.handshakes().leave();
      return;
    }
    SslHandler tls;
    try {
      tls = shared.authority().contextFor(to.host()).newHandler(ctx.alloc(), shared.computing());
    } catch (IOException | IllegalArgumentException e) {
      shared.handshakes().leave();
      shared.refused("CONNECT", to, Refused.denied("the bottle's certificate is not for it"));
      TunnelStart.alert(ctx, INTERNAL_ERROR);
      return;
    }
    tls.setHandshakeTimeoutMillis(shared.limits().handshake().toMillis());
    tls.handshakeFuture()
        .addListener(
            f -> {
              shared.handshakes().leave();
              shared.ledger().metrics().handshake(f.isSuccess());
            });
    ByteBuf first = in;
    in = Unpooled.EMPTY_BUFFER;
    ChannelPipeline pipeline = ctx.pipeline();
    pipeline.addAfter(ctx.name(), "negotiated", new Negotiated(shared, to, tls));
    pipeline.replace(this, "tls", tls);
    pipeline.fireChannelRead(first);
    ctx.channel().read();
  }

  /** Waits for the handshake's end. */
  private static final class Negotiated extends ChannelInboundHandlerAdapter {
    private final Shared shared;
    private final HostPort to;
    private final SslHandler tls;

    Negotiated(Shared shared, HostPort to, SslHandler tls) {
      this.shared = shared;
      this.to = to;
      this.tls = tls;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
      if (event instanceof io.netty.handler.ssl.SslHandshakeCompletionEvent completion) {
        if (!completion.isSuccess()) {
          // No decision against it: nearly always a client that has its own list of authorities.
          shared.refused(
              "CONNECT",
              to,
              Refused.upstream(
                  "TLS with the client failed; perhaps it does not trust the proxy's certificate"));
          ctx.close();
        } else if ("h2".equals(tls.applicationProtocol())) {
          http2(ctx);
        } else {
          ctx.pipeline().replace(this, null, new Http1Client(shared, new Origin.Pinned(to, true)));
        }
        return;
      }
      super.userEventTriggered(ctx, event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }

    private void http2(ChannelHandlerContext ctx) {
      Limits limits = shared.limits();
      Http2FrameCodec codec =
          Http2FrameCodecBuilder.forServer()
              .initialSettings(
                  Http2Settings.defaultSettings()
                      .maxConcurrentStreams(limits.streams())
                      .maxHeaderListSize(limits.headerBytes())
                      .initialWindowSize(limits.streamWindow())
                      .connectProtocolEnabled(true))
              .build();
      Origin origin = new Origin.Pinned(to, true);
      ChannelInitializer<Channel> streams =
          new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel stream) {
              stream.config().setAutoRead(false);
              stream.pipeline().addLast(new Http2Client(shared, origin));
            }
          };
      ChannelPipeline pipeline = ctx.pipeline();
      pipeline.addLast(codec, new Http2MultiplexHandler(streams), new Http2Rest());
      pipeline.remove(this);
      Channel channel = ctx.channel();
      Http2Rest.widen(codec, limits, channel);
      channel.config().setAutoRead(true);
      watch(channel, codec, limits);
    }

    /** Closes a connection that had no request the whole time. */
    private static void watch(Channel channel, Http2FrameCodec codec, Limits limits) {
      int last = codec.connection().remote().lastStreamCreated();
      channel
          .eventLoop()
          .schedule(
              () -> {
                boolean unused =
                    codec.connection().numActiveStreams() == 0
                        && codec.connection().remote().lastStreamCreated() == last;
                if (unused) {
                  channel.close();
                } else if (channel.isActive()) {
                  watch(channel, codec, limits);
                }
              },
              limits.keepAlive().toNanos(),
              TimeUnit.NANOSECONDS);
    }
  }
}
