package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;

/** An HTTP/1.1 connection to a server, for one request after the other. */
final class Http1Upstream extends ChannelInboundHandlerAdapter implements Upstream {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Limits limits;
  private final Upstreams.Lane lane;
  private final Http1Reader reader;
  private final Deadline deadline;
  private final Channel channel;
  private final Flusher out;
  private UpstreamEvents events;
  private Measure measure = Measure.of(Http1Reader.newHeaders());
  private boolean busy = true;
  private boolean used;
  private boolean wanting;
  private boolean pumping;
  private boolean reading;
  private boolean chunked;
  private boolean sent;
  private boolean answered;
  private boolean keepAlive;
  private boolean tunnel;
  private boolean untilClose;
  private boolean closeNotified;
  private boolean ended;

  Http1Upstream(Limits limits, Channel channel, Upstreams.Lane lane) {
    this.limits = limits;
    this.channel = channel;
    this.out = new Flusher(channel);
    this.lane = lane;
    this.reader = Http1Reader.ofResponses(limits);
    this.deadline = new Deadline(channel);
    channel.pipeline().addLast(this);
  }

  /** Takes it from those that wait; false if it is of no use any more. */
  boolean take() {
    deadline.clear();
    if (!channel.isActive() || ended) {
      return false;
    }
    busy = true;
    return true;
  }

  // The socket.

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    reading = false;
    ByteBuf bytes = (ByteBuf) message;
    if (!busy || events == null) {
      // An answer to nothing.
      bytes.release();
      ctx.close();
      return;
    }
    reader.add(bytes);
    pump();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (reading) {
      ctx.read();
    }
  }

  private void read() {
    reading = true;
    channel.read();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof SslCloseCompletionEvent close) {
      closeNotified |= close.isSuccess();
    }
    super.userEventTriggered(ctx, event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    deadline.clear();
    ended = true;
    lane.lost(this);
    if (!busy) {
      reader.close();
    } else if (events != null) {
      if (wanting) {
        pump();
      } else if (reader.buffered() == 0 && !answered && !untilClose && !tunnel) {
        gone("the server ends the connection");
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ready() && busy && events != null) {
      events.ready();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  private void gone(String why) {
    keepAlive = false;
    UpstreamEvents told = events;
    events = null;
    if (told != null) {
      told.gone(Refused.upstream(why));
    }
  }

  // Answers.

  private void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      while (wanting && events != null) {
        Http1Reader.Piece piece = reader.next();
        if (piece == null && ended) {
          boolean cut = channel.pipeline().get(SslHandler.class) != null && !closeNotified;
          if (cut || !tunnel && !untilClose) {
            gone("the server ends the connection");
            return;
          }
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
      gone("the server's answer is malformed: " + e.reason());
      channel.close();
    } finally {
      pumping = false;
    }
  }

  private void take(Http1Reader.Piece piece) {
    switch (piece) {
      case Http1Reader.ResponseHead head -> begin(head);
      case Http1Reader.Data data -> events.data(data.bytes());
      case Http1Reader.Finish finish -> {
        answered = true;
        events.end(finish.trailers());
      }
      case Http1Reader.RequestHead _ -> throw new IllegalStateException("a request from a server");
    }
  }

  private void begin(Http1Reader.ResponseHead head) {
    Answer answer = new Answer(head.status(), Fields.endToEnd(head.headers()), head.empty());
    if (head.status() == 101) {
      List<String> protocols = Fields.list(head.headers(), "upgrade");
      if (!protocols.equals(List.of("websocket"))) {
        gone("the server changes to a protocol that was not asked for");
        return;
      }
      tunnel = true;
      reader.raw();
      events.tunnel(answer);
      return;
    }
    if (head.status() < 200) {
      wanting = true;
      events.inform(answer);
      return;
    }
    List<String> options = Fields.list(head.headers(), "connection");
    keepAlive = head.minor() == 1 && !options.contains("close") && !head.untilClose();
    untilClose = head.untilClose();
    answered = head.empty();
    events.answer(answer);
  }

  // Requests.

  @Override
  public void send(Request request, UpstreamEvents events) {
    this.events = events;
    sent = request.empty();
    answered = false;
    keepAlive = false;
    measure = Measure.of(request.headers());
    chunked = !request.empty() && !request.headers().contains("content-length");
    HttpHeaders headers = Http1Reader.newHeaders();
    headers.set("Host", request.authority());
    headers.add(request.headers());
    if (headers.contains("te")) {
      headers.set("Connection", "TE");
    }
    if (chunked) {
      headers.set("Transfer-Encoding", "chunked");
    }
    if (request.webSocket()) {
      headers.set("Connection", "Upgrade");
      headers.set("Upgrade", "websocket");
      headers.set("Sec-WebSocket-Version", "13");
      if (!headers.contains("sec-websocket-key")) {
        byte[] key = new byte[16];
        RANDOM.nextBytes(key);
        headers.set("Sec-WebSocket-Key", Base64.getEncoder().encodeToString(key));
      }
    }
    reader.answering(request.method());
    out.write(Http1Writer.request(request.method(), request.target(), headers));
    demand();
  }

  @Override
  public boolean reused() {
    return used;
  }

  @Override
  public void demand() {
    wanting = true;
    pump();
  }

  @Override
  public boolean ready() {
    return channel.isWritable() || ended;
  }

  @Override
  public void data(ByteBuf piece) {
    if (!tunnel && !measure.takes(piece.readableBytes())) {
      piece.release();
      channel.close();
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
    sent = true;
    if (tunnel || !measure.whole()) {
      channel.close();
    } else if (chunked) {
      out.write(Http1Writer.lastChunk(trailers));
    }
  }

  @Override
  public void release() {
    if (!busy) {
      return;
    }
    busy = false;
    used = true;
    events = null;
    wanting = false;
    boolean clean = keepAlive && sent && answered && !tunnel && reader.buffered() == 0;
    if (clean && channel.isActive() && lane.keep(this)) {
      deadline.set(limits.upstreamKeepAlive());
      if (!reading) {
        read();
      }
    } else {
      reader.close();
      channel.close();
    }
  }
}
