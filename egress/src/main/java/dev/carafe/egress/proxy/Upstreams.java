package dev.carafe.egress.proxy;

import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The upstream connections of one event loop, by destination. An HTTP/1.1 connection that is clean
 * after an answer waits a while for the next request; an HTTP/2 connection takes as many as its
 * server allows. Until it is known which version a server speaks, only one connection is made.
 */
final class Upstreams {
  private static final int LANES = 256;

  private final Shared shared;
  private final EventLoop loop;
  private final Map<Destination, Lane> lanes = new LinkedHashMap<>(16, 0.75f, true);
  private int idle;

  Upstreams(Shared shared, EventLoop loop) {
    this.shared = shared;
    this.loop = loop;
  }

  /** A way to send one request; the caller must release it. */
  Future<Upstream> open(Destination to) {
    Promise<Upstream> promise = loop.newPromise();
    Lane lane = lanes.get(to);
    if (lane == null) {
      makeRoom();
      lane = new Lane(to);
      lanes.put(to, lane);
    }
    lane.take(promise);
    return promise;
  }

  private void makeRoom() {
    Iterator<Lane> all = lanes.values().iterator();
    while (lanes.size() >= LANES && all.hasNext()) {
      if (all.next().unused()) {
        all.remove();
      }
    }
  }

  /** All connections to one destination. */
  final class Lane {
    private final Destination to;
    private final Deque<Http1Upstream> waiting = new ArrayDeque<>();
    private final List<Http2Link> links = new ArrayList<>();
    private final Queue<Promise<Upstream>> queue = new ArrayDeque<>();
    private @Nullable SslContext tls;
    private boolean dialing;
    private boolean http1;

    private Lane(Destination to) {
      this.to = to;
      this.http1 = to.http1() || !to.tls();
    }

    private boolean unused() {
      return waiting.isEmpty() && links.isEmpty() && !dialing;
    }

    private void take(Promise<Upstream> promise) {
      Http1Upstream kept;
      while ((kept = waiting.pollLast()) != null) {
        idle--;
        if (kept.take()) {
          promise.setSuccess(kept);
          return;
        }
      }
      for (Http2Link link : links) {
        if (link.canOpen()) {
          link.open(promise);
          return;
        }
      }
      if (dialing && !http1) {
        queue.add(promise);
      } else {
        dial(promise);
      }
    }

    private void dial(Promise<Upstream> promise) {
      dialing = true;
      try {
        if (to.tls() && tls == null) {
          tls = to.judge().trust().newContext(!to.http1());
        }
      } catch (SSLException e) {
        dialing = false;
        promise.setFailure(Refused.upstream("TLS cannot be used on this host"));
        return;
      }
      shared
          .dialer()
          .dial(to.to(), tls, to.tls(), to.judge().addresses(), loop)
          .addListener((Future<Dialer.Dialed> f) -> dialed(f, promise));
    }

    private void dialed(Future<Dialer.Dialed> future, Promise<Upstream> promise) {
      dialing = false;
      if (!future.isSuccess()) {
        promise.setFailure(future.cause());
        Promise<Upstream> other;
        while ((other = queue.poll()) != null) {
          other.setFailure(future.cause());
        }
        return;
      }
      Dialer.Dialed dialed = future.getNow();
      if (dialed.http2()) {
        Http2Link link = new Http2Link(shared.limits(), dialed.channel());
        links.add(link);
        dialed.channel().closeFuture().addListener(f -> links.remove(link));
        link.open(promise);
      } else {
        http1 = true;
        promise.setSuccess(new Http1Upstream(shared.limits(), dialed.channel(), this));
      }
      Promise<Upstream> other;
      int waiters = queue.size();
      while (waiters-- > 0 && (other = queue.poll()) != null) {
        take(other);
      }
    }

    /** Keeps a clean connection; false if there are enough. */
    boolean keep(Http1Upstream upstream) {
      if (idle >= shared.limits().idleUpstreams()) {
        return false;
      }
      idle++;
      waiting.addLast(upstream);
      return true;
    }

    /** A kept connection has ended. */
    void lost(Http1Upstream upstream) {
      if (waiting.remove(upstream)) {
        idle--;
      }
    }
  }
}
