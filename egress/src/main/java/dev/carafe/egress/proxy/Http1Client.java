package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest's HTTP/1.1 connection: one request after the other, each answered before the next is
 * read. Reads from the socket only when somebody wants what comes. An answer that comes before the
 * request is whole ends the connection, after reading on for a while, so that the client sees it.
 */
final class Http1Client extends ChannelInboundHandlerAdapter implements Client {
  private final Shared shared;
  private final Origin origin;
  private final Http1Reader reader;
  private ChannelHandlerContext ctx;
  private Deadline deadline;
  private Flusher out;
  private End.@Nullable Events events;
  private Measure measure = Measure.of(Http1Reader.newHeaders());
  private boolean wanting;
  private boolean pumping;
  private boolean reading;
  private boolean inputShut;
  private boolean keepAlive;
  private boolean requestDone;
  private boolean answerBegun;
  private boolean answerDone;
  private boolean chunked;
  private boolean head;
  private int minor;
  private String verb = "";
  private @Nullable HostPort named;
  private boolean tunnel;
  private boolean closing;
  private long drained;

  Http1Client(Shared shared, Origin origin) {
    this.shared = shared;
    this.origin = origin;
    this.reader = Http1Reader.ofRequests(shared.limits());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    this.ctx = ctx;
    this.deadline = new Deadline(ctx.channel());
    this.out = new Flusher(ctx.channel());
    idle();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    deadline.clear();
    reader.close();
  }

  /** Waits for a request. */
  private void idle() {
    events = null;
    requestDone = false;
    answerBegun = false;
    answerDone = false;
    chunked = false;
    deadline.set(shared.limits().keepAlive());
    demand();
  }

  // The socket.

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    reading = false;
    ByteBuf bytes = (ByteBuf) message;
    if (closing) {
      drained += bytes.readableBytes();
      bytes.release();
      if (drained > shared.limits().drained()) {
        ctx.close();
      } else {
        read();
      }
      return;
    }
    reader.add(bytes);
    if (events == null) {
      deadline.setOnce(shared.limits().head());
    }
    pump();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // A read that brought nothing, as of TLS records that carry no data, is to be tried again.
    if (reading) {
      ctx.read();
    }
  }

  private void read() {
    reading = true;
    ctx.read();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof ChannelInputShutdownEvent) {
      inputShut = true;
      reading = false;
      if (closing || events == null && !reader.within() && reader.buffered() == 0) {
        ctx.close();
      } else {
        pump();
      }
    }
    super.userEventTriggered(ctx, event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    deadline.clear();
    if (events != null) {
      events.gone(Refused.malformed("the client went away"));
    }
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

  // Requests.

  private void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      while (wanting && !closing) {
        Http1Reader.Piece piece = reader.next();
        if (piece == null && inputShut) {
          piece = reader.eof();
        }
        if (piece == null) {
          if (!reading) {
            read();
          }
          return;
        }
        wanting = false;
        take(piece);
      }
    } catch (Refused e) {
      malformed(e);
    } finally {
      pumping = false;
    }
  }

  private void take(Http1Reader.Piece piece) throws Refused {
    switch (piece) {
      case Http1Reader.RequestHead request -> begin(request);
      case Http1Reader.Data data -> events.data(data.bytes());
      case Http1Reader.Finish finish -> {
        requestDone = true;
        events.end(finish.trailers());
        done();
      }
      case Http1Reader.ResponseHead _ ->
          throw new IllegalStateException("a response from a client");
    }
  }

  private void begin(Http1Reader.RequestHead from) throws Refused {
    deadline.clear();
    head = from.method().equals("HEAD");
    verb = from.method();
    named = origin instanceof Origin.Pinned pinned ? pinned.to() : null;
    minor = from.minor();
    List<String> options = Fields.list(from.headers(), "connection");
    keepAlive = minor == 1 && !options.contains("close");
    requestDone = from.empty();
    if (from.method().equals("CONNECT")) {
      connect(from);
      return;
    }
    Origin.Address to =
        origin.address(from.method(), from.target(), from.headers().getAll("host"), minor);
    named = to.to();
    boolean webSocket =
        options.contains("upgrade")
            && Fields.list(from.headers(), "upgrade").equals(List.of("websocket"))
            && from.method().equals("GET")
            && from.empty();
    Request request =
        new Request(
            from.method(),
            to.scheme(),
            to.to(),
            to.target(),
            Fields.endToEnd(from.headers()),
            from.empty(),
            webSocket);
    End.Events begun = Passage.begin(shared, this, request);
    if (!answerDone) {
      events = begun;
      watchClient();
    }
  }

  /** Sees that the client has gone although nothing is expected from it. */
  private void watchClient() {
    // A Unix-domain socket that is read is closed by its first end of file, half or whole.
    if (requestDone && !reading && reader.buffered() == 0 && Sockets.isTcp(ctx.channel())) {
      read();
    }
  }

  private void connect(Http1Reader.RequestHead from) throws Refused {
    if (!(origin instanceof Origin.Proxy)) {
      throw Refused.denied("there is no CONNECT inside a connection");
    }
    if (!from.empty()) {
      throw Refused.malformed("CONNECT has no body");
    }
    HostPort to = HostPort.parse(from.target(), 0);
    named = to;
    for (String host : from.headers().getAll("host")) {
      if (!HostPort.parse(host, to.port()).equals(to)) {
        throw Refused.denied("CONNECT and the Host header name different servers");
      }
    }
    Tunnel.decide(shared, to);
    ctx.write(Http1Writer.response(200, Http1Reader.newHeaders()));
    ctx.flush();
    // What came with it is the tunnel's, and goes to whoever is first by then.
    ByteBuf rest = reader.rest();
    events = null;
    closing = true;
    ChannelPipeline pipeline = ctx.pipeline();
    pipeline.replace(this, null, new TunnelStart(shared, to));
    pipeline.fireChannelRead(rest);
  }

  private void malformed(Refused why) {
    if (events != null) {
      // In the middle of a body.
      End.Events told = events;
      events = null;
      told.gone(why);
      if (answerBegun) {
        abort();
        return;
      }
    }
    keepAlive = false;
    requestDone = false;
    shared.refused(verb, named, why);
    say(why, head);
  }

  // Answers.

  @Override
  public EventLoop loop() {
    return ctx.channel().eventLoop();
  }

  @Override
  public void demand() {
    wanting = true;
    pump();
  }

  @Override
  public boolean ready() {
    return ctx.channel().isWritable();
  }

  @Override
  public void inform(Answer answer) {
    if (minor == 1) {
      out.write(Http1Writer.response(answer));
    }
  }

  @Override
  public void answer(Answer answer) {
    answerBegun = true;
    HttpHeaders headers = answer.headers();
    measure = Measure.of(headers);
    boolean bodiless = head || answer.status() == 204 || answer.status() == 304;
    boolean measured = headers.contains("content-length");
    if (!bodiless && answer.empty()) {
      headers.set("content-length", "0");
    } else if (!bodiless && !measured && minor == 1) {
      chunked = true;
      headers.set("transfer-encoding", "chunked");
    } else if (!bodiless && !measured) {
      keepAlive = false;
    }
    keepAlive &= requestDone;
    if (!keepAlive) {
      headers.set("connection", "close");
    }
    out.write(Http1Writer.response(answer));
    if (answer.empty() || head) {
      answered();
    }
  }

  @Override
  public void tunnel(Answer answer) {
    answerBegun = true;
    tunnel = true;
    requestDone = false;
    keepAlive = false;
    HttpHeaders headers = answer.headers();
    headers.set("connection", "Upgrade");
    headers.set("upgrade", "websocket");
    out.write(Http1Writer.response(101, headers));
    reader.raw();
  }

  @Override
  public void data(ByteBuf piece) {
    if (!tunnel && !measure.takes(piece.readableBytes())) {
      piece.release();
      ctx.close();
      return;
    }
    if (chunked) {
      out.write(Http1Writer.chunkLine(piece.readableBytes()));
      out.write(piece);
      out.write(Http1Writer.chunkEnd());
    } else {
      out.write(piece);
    }
  }

  @Override
  public void end(HttpHeaders trailers) {
    if (tunnel) {
      answerDone = true;
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    if (!measure.whole()) {
      ctx.close();
      return;
    }
    out.write(chunked ? Http1Writer.lastChunk(trailers) : Unpooled.EMPTY_BUFFER);
    answered();
  }

  private void answered() {
    answerDone = true;
    events = null;
    done();
  }

  @Override
  public void abort() {
    answerDone = true;
    events = null;
    closing = true;
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** Goes on to the next request, or ends, when both messages are over. */
  private void done() {
    if (!answerDone || tunnel || closing) {
      return;
    }
    if (requestDone && keepAlive && !(inputShut && reader.buffered() == 0)) {
      // Not from within what has just been told: it may not be ready for it.
      ctx.channel().eventLoop().execute(this::again);
    } else {
      linger();
    }
  }

  private void again() {
    if (ctx.channel().isActive() && !ctx.isRemoved()) {
      idle();
    }
  }

  /** Closes for writing, and reads on for a while: a reset would take the answer away again. */
  private void linger() {
    closing = true;
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            f -> {
              if (!f.isSuccess() || inputShut || requestDone) {
                ctx.close();
              } else {
                readOn();
              }
            });
  }

  private void readOn() {
    Limits limits = shared.limits();
    deadline.set(limits.head());
    if (ctx.channel() instanceof DuplexChannel duplex && ctx.pipeline().first() == this) {
      duplex.shutdownOutput();
    }
    if (!reading) {
      read();
    }
  }
}
