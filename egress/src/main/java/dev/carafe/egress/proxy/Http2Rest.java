package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.util.ReferenceCountUtil;

/** What is left of an HTTP/2 connection when its streams have what is theirs. */
final class Http2Rest extends ChannelInboundHandlerAdapter {

  /** Opens the connection's own window to its size; the protocol begins it with 64 KiB. */
  static void widen(Http2FrameCodec codec, Limits limits, Channel channel) {
    Http2Connection connection = codec.connection();
    int more = limits.connectionWindow() - 65535;
    if (more > 0) {
      try {
        connection
            .local()
            .flowController()
            .incrementWindowSize(connection.connectionStream(), more);
        channel.flush();
      } catch (Http2Exception e) {
        channel.close();
      }
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ReferenceCountUtil.release(message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
