package dev.carafe.egress.proxy;

import dev.carafe.egress.audit.Exchange;
import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request's way: judged, sent, answered, and kept in the audit, once, however it ends. In the
 * client's event loop.
 */
final class Passage implements Flow.Owner {
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  private final Shared shared;
  private final Client client;
  private final Request request;
  private final long id;
  private final long began;
  private final ClientEvents clientEvents = new ClientEvents();
  private Judge judge;
  private Judge.@Nullable Verdict verdict;
  private @Nullable Upstream upstream;
  private @Nullable Flow out;
  private @Nullable Flow in;
  private boolean outDone;
  private boolean retried;
  private boolean over;
  private int status;
  private long bytesOut;
  private long bytesIn;
  private @Nullable Future<?> watch;
  private long lastMoved;

  private Passage(Shared shared, Client client, Request request) {
    this.shared = shared;
    this.client = client;
    this.request = request;
    this.id = shared.nextId();
    this.began = System.nanoTime();
    this.lastMoved = began;
    this.outDone = request.empty();
    this.judge = shared.judge();
  }

  /** Sends a request on its way; what its client has to say goes to the result. */
  static End.Events begin(Shared shared, Client client, Request request) {
    Passage passage = new Passage(shared, client, request);
    passage.run();
    return passage.clientEvents;
  }

  private void run() {
    if (!shared.enter()) {
      over = true;
      Refused why = Refused.busy("too many requests at once");
      status = why.status();
      shared.ledger().ended(judge, exchange(), why);
      client.say(why, request.method().equals("HEAD"));
      return;
    }
    try {
      if (Introspection.isFor(request)) {
        introspect();
        return;
      }
      shared.ledger().check();
      verdict = judge.judge(request);
    } catch (Refused e) {
      conclude(e);
      return;
    }
    watch();
    open(verdict);
  }

  private void introspect() throws Refused {
    String text = Introspection.answer(request, judge.routes());
    client.say(200, "application/json", text, false);
    close(() -> {});
  }

  private void open(Judge.Verdict verdict) {
    Destination to =
        new Destination(judge, verdict.route(), request.to(), request.tls(), request.webSocket());
    shared.upstreams(client.loop()).open(to).addListener((Future<Upstream> f) -> opened(f));
  }

  private void opened(Future<Upstream> future) {
    if (!future.isSuccess()) {
      if (!over) {
        conclude(
            future.cause() instanceof Refused refused
                ? refused
                : Refused.upstream("the server cannot be reached"));
      }
      return;
    }
    Upstream opened = future.getNow();
    if (over) {
      opened.release();
      return;
    }
    upstream = opened;
    Judge.Verdict allowed = verdict;
    Pipe pipe = Bodies.outbound(allowed, judge.scanner(allowed.route()));
    opened.send(allowed.request(), new FromUpstream(opened));
    if (!outDone && !request.webSocket()) {
      out = flow(client, opened, pipe);
      out.start();
    } else {
      pipe.close();
    }
  }

  private Flow flow(End from, End to, Pipe pipe) {
    return new Flow(from, to, pipe, client.loop(), shared.limits().hold(), this);
  }

  // What ends have to say.

  private final class ClientEvents implements End.Events {
    @Override
    public void data(ByteBuf piece) {
      if (out == null) {
        piece.release();
      } else {
        out.data(piece);
      }
    }

    @Override
    public void end(HttpHeaders trailers) {
      if (out != null) {
        out.end(trailers);
      }
    }

    @Override
    public void ready() {
      if (in != null) {
        in.ready();
      }
    }

    @Override
    public void gone(Refused why) {
      if (!over) {
        close(() -> shared.ledger().ended(judge, exchange(), why));
      }
    }
  }

  private final class FromUpstream implements Upstream.UpstreamEvents {
    private final Upstream self;

    FromUpstream(Upstream self) {
      this.self = self;
    }

    private boolean stale() {
      return over || upstream != self;
    }

    @Override
    public void inform(Answer answer) {
      if (!stale() && (answer.status() == 100 || answer.status() == 103)) {
        try {
          client.inform(masked(answer));
        } catch (Refused e) {
          conclude(e);
        }
      }
    }

    @Override
    public void answer(Answer answer) {
      if (!stale()) {
        answered(answer);
      }
    }

    @Override
    public void tunnel(Answer answer) {
      if (!stale()) {
        tunnelled(answer);
      }
    }

    @Override
    public void data(ByteBuf piece) {
      if (stale() || in == null) {
        piece.release();
      } else {
        in.data(piece);
      }
    }

    @Override
    public void end(HttpHeaders trailers) {
      if (!stale() && in != null) {
        in.end(trailers);
      }
    }

    @Override
    public void ready() {
      if (!stale() && out != null) {
        out.ready();
      }
    }

    @Override
    public void gone(Refused why) {
      if (!stale()) {
        upstreamGone(self, why);
      }
    }
  }

  private void upstreamGone(Upstream gone, Refused why) {
    boolean again =
        gone.reused()
            && !retried
            && status == 0
            && request.empty()
            && SAFE.contains(request.method())
            && !request.webSocket();
    if (again && verdict != null) {
      retried = true;
      upstream = null;
      gone.release();
      open(verdict);
    } else {
      conclude(why);
    }
  }

  private Answer masked(Answer answer) throws Refused {
    HttpHeaders headers = answer.headers();
    // Other ways to the same server lead around this proxy.
    headers.remove("alt-svc");
    headers.remove("alt-used");
    headers = judge.masked(headers, verdict.route());
    return new Answer(answer.status(), headers, answer.empty());
  }

  private void answered(Answer answer) {
    Upstream from = upstream;
    try {
      Pipe pipe =
          answer.empty()
              ? new PlainPipe()
              : Bodies.inbound(verdict, judge.scanner(verdict.route()), answer);
      Answer masked = masked(answer);
      status = answer.status();
      client.answer(masked);
      if (answer.empty()) {
        finishedIn();
      } else {
        in = flow(from, client, pipe);
        in.start();
      }
    } catch (Refused e) {
      conclude(e);
    }
  }

  private void tunnelled(Answer answer) {
    try {
      if (!request.webSocket()) {
        throw Refused.upstream("the server changes the protocol unasked");
      }
      if (answer.headers().contains("sec-websocket-extensions")) {
        throw Refused.upstream("the server uses an extension that was not asked for");
      }
      Answer masked = masked(answer);
      status = answer.status();
      outDone = false;
      client.tunnel(masked);
      out = flow(client, upstream, Bodies.framesOut(verdict, judge.scanner(verdict.route())));
      in = flow(upstream, client, Bodies.framesIn(verdict, judge.scanner(verdict.route())));
      out.start();
      in.start();
    } catch (Refused e) {
      conclude(e);
    }
  }

  // What flows have to say.

  @Override
  public void moved(Flow flow, int bytes) {
    lastMoved = System.nanoTime();
    if (flow == out) {
      bytesOut += bytes;
    } else {
      bytesIn += bytes;
    }
  }

  @Override
  public HttpHeaders finishing(Flow flow, HttpHeaders trailers) throws Refused {
    if (flow == out) {
      return judge.trailers(trailers, verdict.route());
    }
    return judge.masked(Fields.endToEnd(trailers), verdict.route());
  }

  @Override
  public void finished(Flow flow) {
    if (over) {
      return;
    }
    if (flow == out) {
      outDone = true;
      if (status == 101 && in == null) {
        close(() -> shared.ledger().allowed(judge, exchange(), findings()));
      }
    } else {
      finishedIn();
    }
  }

  private void finishedIn() {
    close(() -> shared.ledger().allowed(judge, exchange(), findings()));
  }

  @Override
  public void failed(Flow flow, Refused why) {
    if (over) {
      return;
    }
    boolean unreadable = flow == out && why.status() == 502;
    conclude(unreadable ? Refused.malformed(why.reason()) : why);
  }

  // Ends.

  /** Ends with a refusal or failure, which the client is told if its answer has not begun. */
  private void conclude(Refused why) {
    if (over) {
      return;
    }
    boolean begun = status != 0;
    if (!begun) {
      status = why.status();
    }
    close(() -> shared.ledger().ended(judge, exchange(), why));
    if (status == 101) {
      client.data(FramePipe.closing(why));
      client.end(Http1Reader.newHeaders());
    } else if (begun) {
      client.abort();
    } else {
      client.say(why, request.method().equals("HEAD"));
    }
  }

  private void close(Runnable keep) {
    if (over) {
      return;
    }
    over = true;
    if (watch != null) {
      // It would keep all of this until its time.
      watch.cancel(false);
    }
    shared.leave();
    keep.run();
    if (out != null) {
      out.stop();
    }
    if (in != null) {
      in.stop();
    }
    if (upstream != null) {
      upstream.release();
    }
  }

  private List<Finding> findings() {
    List<Finding> all = new ArrayList<>();
    if (verdict != null) {
      all.addAll(verdict.findings());
    }
    if (out != null) {
      all.addAll(out.findings());
    }
    if (in != null) {
      all.addAll(in.findings());
    }
    return all;
  }

  private Exchange exchange() {
    long millis = (System.nanoTime() - began) / 1_000_000;
    return new Exchange(
        id,
        request.method(),
        request.scheme(),
        request.to().host(),
        request.to().port(),
        request.target(),
        status,
        bytesOut,
        bytesIn,
        millis,
        verdict == null ? "" : verdict.route().host().text());
  }

  /** Ends what does not move any more. */
  private void watch() {
    long idle = shared.limits().idle().toNanos();
    long left = lastMoved + idle - System.nanoTime();
    if (over) {
      return;
    }
    if (left <= 0) {
      conclude(Refused.late("nothing moved for " + shared.limits().idle().toSeconds() + " s"));
    } else {
      watch = client.loop().schedule(this::watch, left, TimeUnit.NANOSECONDS);
    }
  }
}
