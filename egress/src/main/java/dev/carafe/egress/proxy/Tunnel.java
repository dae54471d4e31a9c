package dev.carafe.egress.proxy;

import dev.carafe.egress.audit.Exchange;
import dev.carafe.egress.routes.Route;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is passed through as it is, on a route that says so: bytes both ways, counted,
 * not read. In the client's event loop.
 */
final class Tunnel implements Flow.Owner {
  private final Shared shared;
  private final HostPort to;
  private final Route route;
  private final EventLoop loop;
  private final long id;
  private final long began = System.nanoTime();
  private final Channel client;
  private @Nullable Channel server;
  private @Nullable Flow out;
  private @Nullable Flow in;
  private @Nullable Future<?> watch;
  private long lastMoved = began;
  private long bytesOut;
  private long bytesIn;
  private int ended;
  private boolean over;

  private Tunnel(Shared shared, HostPort to, Route route, Channel client) {
    this.shared = shared;
    this.to = to;
    this.route = route;
    this.client = client;
    this.loop = client.eventLoop();
    this.id = shared.nextId();
  }

  /** Decides whether a tunnel to a server may begin, whatever is spoken in it. */
  static void decide(Shared shared, HostPort to) throws Refused {
    shared.ledger().check();
    Judge judge = shared.judge();
    if (judge.routes().find(to.host(), to.port(), false).isEmpty()) {
      judge.route(to, true);
    }
  }

  /** Begins to pass a connection through; {@code first} is what the client has said already. */
  static void pass(Shared shared, HostPort to, Route route, Channel client, ByteBuf first) {
    Tunnel tunnel = new Tunnel(shared, to, route, client);
    if (!shared.enter()) {
      first.release();
      tunnel.over = true;
      shared.refused("CONNECT", to, Refused.busy("too many requests at once"));
      client.close();
      return;
    }
    shared
        .dialer()
        .dial(to, null, true, shared.judge().addresses(), tunnel.loop)
        .addListener((Future<Dialer.Dialed> f) -> tunnel.dialed(f, first));
  }

  private void dialed(Future<Dialer.Dialed> future, ByteBuf first) {
    if (!future.isSuccess()) {
      first.release();
      Refused why =
          future.cause() instanceof Refused refused
              ? refused
              : Refused.upstream("the server cannot be reached");
      close(why);
      return;
    }
    Channel dialed = future.getNow().channel();
    server = dialed;
    RawEnd clientEnd = new RawEnd(client, new Side(true));
    RawEnd serverEnd = new RawEnd(dialed, new Side(false));
    out = new Flow(clientEnd, serverEnd, new PlainPipe(), loop, shared.limits().hold(), this);
    in = new Flow(serverEnd, clientEnd, new PlainPipe(), loop, shared.limits().hold(), this);
    dialed.config().setOption(io.netty.channel.ChannelOption.ALLOW_HALF_CLOSURE, true);
    client.pipeline().addLast(clientEnd);
    dialed.pipeline().addLast(serverEnd);
    watch();
    out.data(first);
    in.start();
    if (!client.isActive()) {
      close(null);
    }
  }

  private final class Side implements End.Events {
    private final boolean ofClient;

    Side(boolean ofClient) {
      this.ofClient = ofClient;
    }

    private Flow from() {
      return ofClient ? out : in;
    }

    private Flow towards() {
      return ofClient ? in : out;
    }

    @Override
    public void data(ByteBuf piece) {
      from().data(piece);
    }

    @Override
    public void end(HttpHeaders trailers) {
      from().end(trailers);
    }

    @Override
    public void ready() {
      towards().ready();
    }

    @Override
    public void gone(Refused why) {
      close(null);
    }
  }

  @Override
  public void moved(Flow flow, int bytes) {
    lastMoved = System.nanoTime();
    if (flow == in) {
      bytesIn += bytes;
    } else {
      bytesOut += bytes;
    }
  }

  @Override
  public HttpHeaders finishing(Flow flow, HttpHeaders trailers) {
    return trailers;
  }

  @Override
  public void finished(Flow flow) {
    if (++ended == 2) {
      close(null);
    }
  }

  @Override
  public void failed(Flow flow, Refused why) {
    close(why);
  }

  private void watch() {
    long left = lastMoved + shared.limits().idle().toNanos() - System.nanoTime();
    if (over) {
      return;
    }
    if (left <= 0) {
      close(Refused.late("nothing moved"));
    } else {
      watch = loop.schedule(this::watch, left, TimeUnit.NANOSECONDS);
    }
  }

  private void close(@Nullable Refused why) {
    if (over) {
      return;
    }
    over = true;
    if (watch != null) {
      // It would keep all of this until its time.
      watch.cancel(false);
    }
    shared.leave();
    Exchange exchange =
        new Exchange(
            id,
            "CONNECT",
            "https",
            to.host(),
            to.port(),
            "",
            why == null ? 200 : why.status(),
            bytesOut,
            bytesIn,
            (System.nanoTime() - began) / 1_000_000,
            route.host().text());
    if (why == null) {
      shared.ledger().allowed(shared.judge(), exchange, List.of());
    } else {
      shared.ledger().ended(shared.judge(), exchange, why);
    }
    if (out != null) {
      out.stop();
      in.stop();
    }
    if (server != null) {
      server.close();
    }
    client.close();
  }
}
