package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

/** Asks the host's own proxy for a connection, and is gone when there is one. */
final class HostProxyConnect extends ChannelInboundHandlerAdapter {
  private final HostPort to;
  private final HostProxy.Proxy proxy;
  private final Limits limits;
  private final Promise<Void> promise;
  private final Http1Reader reader;

  HostProxyConnect(HostPort to, HostProxy.Proxy proxy, Limits limits, Promise<Void> promise) {
    this.to = to;
    this.proxy = proxy;
    this.limits = limits;
    this.promise = promise;
    this.reader = Http1Reader.ofResponses(limits);
    // What follows a 2xx answer to CONNECT is not its body (RFC 9112, 6.3).
    reader.answering("HEAD");
  }

  Future<Void> done() {
    return promise;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    HttpHeaders headers = Http1Reader.newHeaders();
    headers.set("Host", to.toString());
    if (!proxy.authorization().isEmpty()) {
      headers.set("Proxy-Authorization", proxy.authorization());
    }
    ctx.writeAndFlush(Http1Writer.request("CONNECT", to.toString(), headers));
    ctx.read();
    Deadline deadline = new Deadline(ctx.channel());
    deadline.set(limits.connect());
    promise.addListener(f -> deadline.clear());
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    reader.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    reader.add((ByteBuf) message);
    try {
      Http1Reader.Piece piece = reader.next();
      if (piece instanceof Http1Reader.ResponseHead head && head.status() >= 200) {
        if (head.status() > 299) {
          throw Refused.upstream("the host's own proxy answers " + head.status());
        }
        if (reader.buffered() > 0) {
          throw Refused.upstream("the host's own proxy says more than it was asked");
        }
        ctx.pipeline().remove(this);
        promise.trySuccess(null);
      } else {
        ctx.read();
      }
    } catch (Refused e) {
      promise.tryFailure(Refused.upstream(e.reason()));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    promise.tryFailure(Refused.upstream("the host's own proxy ends the connection"));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
