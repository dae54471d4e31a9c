package dev.carafe.egress.proxy;

import dev.carafe.egress.routes.Route;
import dev.carafe.egress.tls.ClientHello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The first bytes of what should be for one server: of a tunnel after CONNECT, or of a connection
 * that stands for all servers. A TLS hello is read and decided on; anything else after CONNECT is
 * taken for HTTP. A refusal of TLS is an alert (RFC 8446, 6), since nothing else would be read.
 */
final class TunnelStart extends ChannelInboundHandlerAdapter {
  private static final int HANDSHAKE = 22;
  private static final int ACCESS_DENIED = 49;
  private static final int INTERNAL_ERROR = 80;
  private static final int UNRECOGNIZED_NAME = 112;

  private final Shared shared;
  private final @Nullable HostPort connected;
  private final int port;
  private Deadline deadline;
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private boolean decided;

  /** A tunnel to a server for which there is a route. */
  TunnelStart(Shared shared, HostPort connected) {
    this(shared, connected, connected.port());
  }

  private TunnelStart(Shared shared, @Nullable HostPort connected, int port) {
    this.shared = shared;
    this.connected = connected;
    this.port = port;
  }

  /** A connection for whichever server its hello names. */
  static TunnelStart transparent(Shared shared, int port) {
    return new TunnelStart(shared, null, port);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    deadline = new Deadline(ctx.channel());
    deadline.set(shared.limits().head());
    ctx.read();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    deadline.clear();
    in.release();
    in = Unpooled.EMPTY_BUFFER;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (decided) {
      bytes.release();
      return;
    }
    in = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), in, bytes);
    if (!in.isReadable()) {
      return;
    }
    if (connected != null && in.getUnsignedByte(in.readerIndex()) != HANDSHAKE) {
      decided = true;
      become(ctx, new Http1Client(shared, new Origin.Pinned(connected, false)));
      return;
    }
    try {
      Optional<ClientHello> hello = ClientHello.read(in.nioBuffer());
      if (hello.isPresent()) {
        decided = true;
        decide(ctx, hello.get());
      } else {
        ctx.read();
      }
    } catch (ClientHello.MalformedException e) {
      alert(ctx, INTERNAL_ERROR, connected, Refused.malformed(e.getMessage()));
    } catch (Refused e) {
      alert(ctx, ACCESS_DENIED, connected, e);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof ChannelInputShutdownEvent && !decided) {
      ctx.close();
    }
    super.userEventTriggered(ctx, event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  private void decide(ChannelHandlerContext ctx, ClientHello hello) throws Refused {
    HostPort to = connected;
    if (hello.name().isPresent()) {
      HostPort named = new HostPort(HostPort.name(hello.name().get()), port);
      if (to != null && !to.equals(named)) {
        Refused why = Refused.denied("CONNECT and the TLS hello name different servers");
        alert(ctx, UNRECOGNIZED_NAME, to, why);
        return;
      }
      to = named;
    }
    if (to == null) {
      alert(ctx, UNRECOGNIZED_NAME, null, Refused.denied("the TLS hello names no server"));
      return;
    }
    Route route;
    try {
      route = shared.judge().route(to, true);
    } catch (Refused e) {
      alert(ctx, ACCESS_DENIED, to, e);
      return;
    }
    if (!route.passThrough()) {
      become(ctx, new TlsStart(shared, to));
    } else if (hello.name().isEmpty() || hello.encrypted()) {
      Refused why = Refused.denied("the TLS hello hides which server it is for");
      alert(ctx, UNRECOGNIZED_NAME, to, why);
    } else {
      deadline.clear();
      ByteBuf first = in;
      in = Unpooled.EMPTY_BUFFER;
      ctx.pipeline().remove(this);
      Tunnel.pass(shared, to, route, ctx.channel(), first);
    }
  }

  /** Hands the connection and what was read to another. */
  private void become(ChannelHandlerContext ctx, ChannelInboundHandlerAdapter other) {
    ByteBuf first = in;
    in = Unpooled.EMPTY_BUFFER;
    io.netty.channel.ChannelPipeline pipeline = ctx.pipeline();
    pipeline.replace(this, null, other);
    pipeline.fireChannelRead(first);
  }

  private void alert(
      ChannelHandlerContext ctx, int description, @Nullable HostPort to, Refused why) {
    decided = true;
    shared.refused("CONNECT", to, why);
    alert(ctx, description);
  }

  /** Says in TLS why there will be none, and closes. */
  static void alert(ChannelHandlerContext ctx, int description) {
    byte[] record = {21, 3, 3, 0, 2, 2, (byte) description};
    ctx.writeAndFlush(Unpooled.wrappedBuffer(record)).addListener(ChannelFutureListener.CLOSE);
  }
}
