package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

/** An HTTP/2 connection to a server, for many requests at the same time. */
final class Http2Link {
  private final Limits limits;
  private final Channel channel;
  private final Http2FrameCodec codec;
  private final Deadline deadline;
  private int active;
  private boolean used;

  Http2Link(Limits limits, Channel channel) {
    this.limits = limits;
    this.channel = channel;
    this.deadline = new Deadline(channel);
    this.codec =
        Http2FrameCodecBuilder.forClient()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .pushEnabled(false)
                    .maxHeaderListSize(limits.headerBytes())
                    .initialWindowSize(limits.streamWindow()))
            .build();
    channel.config().setAutoRead(true);
    channel.pipeline().addLast(codec, new Http2MultiplexHandler(refuse()), new Http2Rest());
    Http2Rest.widen(codec, limits, channel);
  }

  private static ChannelInitializer<Channel> refuse() {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel pushed) {
        pushed.close();
      }
    };
  }

  boolean canOpen() {
    return channel.isActive()
        && !codec.connection().goAwayReceived()
        && codec.connection().local().canOpenStream();
  }

  /** Opens a stream; asked for while {@link #canOpen}, or at the connection's beginning. */
  void open(Promise<Upstream> promise) {
    deadline.clear();
    active++;
    Http2Upstream stream = new Http2Upstream(limits, used);
    used = true;
    new Http2StreamChannelBootstrap(channel)
        .option(io.netty.channel.ChannelOption.AUTO_READ, false)
        .handler(stream)
        .open()
        .addListener(
            (Future<Http2StreamChannel> f) -> {
              if (f.isSuccess()) {
                f.getNow().closeFuture().addListener(c -> closed());
                promise.setSuccess(stream);
              } else {
                closed();
                promise.setFailure(Refused.upstream("the server takes no more requests"));
              }
            });
  }

  private void closed() {
    if (--active == 0) {
      deadline.set(limits.upstreamKeepAlive());
    }
  }
}
