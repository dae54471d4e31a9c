package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpHeaders;

/** A connection as bytes that nobody reads. */
final class RawEnd extends ChannelInboundHandlerAdapter implements End {
  private final Channel channel;
  private final Events events;
  private boolean over;

  RawEnd(Channel channel, Events events) {
    this.channel = channel;
    this.events = events;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    events.data((ByteBuf) message);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof ChannelInputShutdownEvent) {
      over = true;
      events.end(Http1Reader.newHeaders());
    }
    super.userEventTriggered(ctx, event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!over) {
      over = true;
      events.end(Http1Reader.newHeaders());
    }
    events.gone(Refused.upstream("the connection has ended"));
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (channel.isWritable()) {
      events.ready();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  @Override
  public void demand() {
    channel.read();
  }

  @Override
  public boolean ready() {
    return channel.isWritable() || !channel.isActive();
  }

  @Override
  public void data(ByteBuf piece) {
    channel.writeAndFlush(piece);
  }

  @Override
  public void end(HttpHeaders trailers) {
    Sockets.shutdownOutput(channel);
  }
}
