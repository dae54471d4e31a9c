package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a guest's HTTP/2 connection (RFC 9113): one request and its answer. What is read
 * from the stream opens its window again, and it is read only when somebody wants what comes. A
 * WebSocket (RFC 8441) is a tunnel through the stream.
 */
final class Http2Client extends ChannelInboundHandlerAdapter implements Client {
  private final Shared shared;
  private final Origin origin;
  private ChannelHandlerContext ctx;
  private Deadline deadline;
  private Flusher out;
  private End.@Nullable Events events;
  private boolean headSeen;
  private boolean requestDone;
  private boolean answerBegun;
  private boolean answerDone;
  private boolean empty;

  Http2Client(Shared shared, Origin origin) {
    this.shared = shared;
    this.origin = origin;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    this.ctx = ctx;
    this.deadline = new Deadline(ctx.channel());
    this.out = new Flusher(ctx.channel());
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    deadline.set(shared.limits().head());
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    switch (message) {
      case Http2HeadersFrame headers when !headSeen -> begin(headers);
      case Http2HeadersFrame trailers -> {
        requestDone = true;
        if (events != null) {
          try {
            events.end(Http2Fields.trailers(trailers.headers()));
          } catch (Refused e) {
            malformed(e);
          }
        }
      }
      case Http2DataFrame data -> data(data);
      case Http2ResetFrame _ -> gone();
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void data(Http2DataFrame frame) {
    ByteBuf content = frame.content();
    boolean last = frame.isEndStream();
    requestDone |= last;
    End.Events told = events;
    if (told == null) {
      frame.release();
      if (!answerDone) {
        ctx.read();
      }
      return;
    }
    if (content.isReadable()) {
      told.data(content);
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

  private void begin(Http2HeadersFrame frame) {
    headSeen = true;
    deadline.clear();
    requestDone = frame.isEndStream();
    Http2Headers from = frame.headers();
    HostPort named = origin instanceof Origin.Pinned pinned ? pinned.to() : null;
    try {
      Request request = request(from, frame.isEndStream());
      End.Events begun = Passage.begin(shared, this, request);
      if (!answerDone) {
        events = begun;
      }
    } catch (Refused e) {
      CharSequence method = from.method();
      shared.refused(method == null ? "" : method.toString(), named, e);
      malformed(e);
    }
  }

  private Request request(Http2Headers from, boolean last) throws Refused {
    String method = text(from.method(), "method");
    CharSequence protocol = from.get(":protocol");
    boolean webSocket = protocol != null;
    if (method.equals("CONNECT") && (!webSocket || !protocol.toString().equals("websocket"))) {
      throw Refused.denied("there is no CONNECT inside a connection");
    }
    if (!Fields.isToken(method) || method.length() > 32 || webSocket != method.equals("CONNECT")) {
      throw Refused.malformed("the method is not clear");
    }
    String path = text(from.path(), "path");
    if (path.length() > shared.limits().requestLine()) {
      throw Refused.malformed("the path is too long");
    }
    HttpHeaders headers = Http2Fields.fromFrame(from, shared.limits());
    List<String> hosts = headers.getAll("host");
    Origin.Address to =
        origin.address(
            text(from.scheme(), "scheme"),
            Optional.ofNullable(from.authority()).map(CharSequence::toString),
            hosts,
            path);
    return new Request(
        webSocket ? "GET" : method,
        to.scheme(),
        to.to(),
        to.target(),
        Fields.endToEnd(headers),
        last || webSocket,
        webSocket);
  }

  private static String text(@Nullable CharSequence value, String what) throws Refused {
    if (value == null || value.isEmpty()) {
      throw Refused.malformed("there is no :" + what);
    }
    return value.toString();
  }

  private void malformed(Refused why) {
    if (answerBegun) {
      abort();
      return;
    }
    say(why, false);
  }

  private void gone() {
    End.Events told = events;
    events = null;
    answerDone = true;
    if (told != null) {
      told.gone(Refused.malformed("the client went away"));
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof Http2ResetFrame) {
      gone();
    }
    super.userEventTriggered(ctx, event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    deadline.clear();
    gone();
    super.channelInactive(ctx);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
    if (ready() && events != null) {
      events.ready();
    }
    super.channelWritabilityChanged(ctx);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  // Answers.

  @Override
  public EventLoop loop() {
    return ctx.channel().eventLoop();
  }

  @Override
  public void demand() {
    if (!requestDone) {
      ctx.read();
    }
  }

  @Override
  public boolean ready() {
    return ctx.channel().isWritable();
  }

  @Override
  public void inform(Answer answer) {
    out.write(new DefaultHttp2HeadersFrame(Http2Fields.answer(answer.status(), answer.headers())));
  }

  @Override
  public void answer(Answer answer) {
    answerBegun = true;
    empty = answer.empty();
    ChannelFuture written =
        out.write(
            new DefaultHttp2HeadersFrame(
                Http2Fields.answer(answer.status(), answer.headers()), answer.empty()));
    if (empty) {
      answered(written);
    }
  }

  @Override
  public void tunnel(Answer answer) {
    answerBegun = true;
    requestDone = false;
    HttpHeaders headers = answer.headers();
    headers.remove("sec-websocket-accept");
    out.write(new DefaultHttp2HeadersFrame(Http2Fields.answer(200, headers)));
  }

  @Override
  public void data(ByteBuf piece) {
    out.write(new DefaultHttp2DataFrame(piece));
  }

  @Override
  public void end(HttpHeaders trailers) {
    answered(
        out.write(
            trailers.isEmpty()
                ? new DefaultHttp2DataFrame(true)
                : new DefaultHttp2HeadersFrame(Http2Fields.of(trailers), true)));
  }

  private void answered(ChannelFuture written) {
    answerDone = true;
    events = null;
    if (!requestDone) {
      // The answer is whole: the client need not send the rest (RFC 9113, 8.1). But a reset would
      // take away what still waits to be written.
      written.addListener(f -> ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR)));
    }
  }

  @Override
  public void abort() {
    answerDone = true;
    events = null;
    ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
  }
}
