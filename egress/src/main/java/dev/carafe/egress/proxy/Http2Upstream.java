package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/** One stream of an HTTP/2 connection to a server. */
final class Http2Upstream extends ChannelInboundHandlerAdapter implements Upstream {
  private final Limits limits;
  private final boolean reused;
  private ChannelHandlerContext ctx;
  private Flusher out;
  private @Nullable UpstreamEvents events;
  private boolean sent;
  private boolean begun;
  private boolean answered;
  private boolean released;

  Http2Upstream(Limits limits, boolean reused) {
    this.limits = limits;
    this.reused = reused;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    this.ctx = ctx;
    this.out = new Flusher(ctx.channel());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    UpstreamEvents told = events;
    if (told == null) {
      ReferenceCountUtil.release(message);
      return;
    }
    try {
      switch (message) {
        case Http2HeadersFrame frame -> headers(frame, told);
        case Http2DataFrame frame -> data(frame, told);
        case Http2ResetFrame frame -> gone(frame);
        default -> ReferenceCountUtil.release(message);
      }
    } catch (Refused e) {
      events = null;
      told.gone(Refused.upstream("the server's answer is malformed: " + e.reason()));
    }
  }

  private void headers(Http2HeadersFrame frame, UpstreamEvents told) throws Refused {
    if (begun) {
      answered = true;
      told.end(Http2Fields.trailers(frame.headers()));
      return;
    }
    CharSequence text = frame.headers().status();
    if (text == null || !text.toString().matches("[1-5][0-9][0-9]") || "101".contentEquals(text)) {
      throw Refused.malformed("the status is not clear");
    }
    int status = Integer.parseInt(text.toString());
    HttpHeaders headers = Fields.endToEnd(Http2Fields.fromFrame(frame.headers(), limits));
    if (status < 200) {
      told.inform(new Answer(status, headers, true));
      ctx.read();
      return;
    }
    begun = true;
    answered = frame.isEndStream();
    told.answer(new Answer(status, headers, answered));
  }

  private void data(Http2DataFrame frame, UpstreamEvents told) {
    boolean last = frame.isEndStream();
    answered |= last;
    if (frame.content().isReadable()) {
      told.data(frame.content());
    } else {
      frame.release();
      if (!last) {
        ctx.read();
      }
    }
    if (last) {
      told.end(Http1Reader.newHeaders());
    }
  }

  private void gone(@Nullable Http2ResetFrame frame) {
    UpstreamEvents told = events;
    events = null;
    // An answer that is whole may be followed by a reset of what is not wanted of the request.
    if (told != null && !answered) {
      told.gone(
          Refused.upstream(
              frame == null
                  ? "the server ends the connection"
                  : "the server ends the request, code " + frame.errorCode()));
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof Http2ResetFrame frame) {
      gone(frame);
    }
    super.userEventTriggered(ctx, event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    gone(null);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    UpstreamEvents told = events;
    if (told != null && ready()) {
      told.ready();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  // Requests.

  @Override
  public void send(Request request, UpstreamEvents events) {
    this.events = events;
    sent = request.empty();
    out.write(new DefaultHttp2HeadersFrame(Http2Fields.request(request), request.empty()));
    ctx.read();
  }

  @Override
  public boolean reused() {
    return reused;
  }

  @Override
  public void demand() {
    if (!answered) {
      ctx.read();
    }
  }

  @Override
  public boolean ready() {
    return ctx.channel().isWritable() || !ctx.channel().isActive();
  }

  @Override
  public void data(ByteBuf piece) {
    out.write(new DefaultHttp2DataFrame(piece));
  }

  @Override
  public void end(HttpHeaders trailers) {
    sent = true;
    if (trailers.isEmpty()) {
      out.write(new DefaultHttp2DataFrame(true));
    } else {
      out.write(new DefaultHttp2HeadersFrame(Http2Fields.of(trailers), true));
    }
  }

  @Override
  public void release() {
    if (released) {
      return;
    }
    released = true;
    events = null;
    if (!begunAtAll()) {
      ctx.close();
    } else if (!sent || !answered) {
      ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
    }
  }

  private boolean begunAtAll() {
    return ctx.channel() instanceof io.netty.handler.codec.http2.Http2StreamChannel stream
        && stream.stream().id() > 0;
  }
}
