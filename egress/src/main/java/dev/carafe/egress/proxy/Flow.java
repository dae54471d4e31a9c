package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.BlockedException;
import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Moves one message from one end through a pipe to the other. Asks for the next piece only when the
 * last one has been taken: what is kept here is one piece, and a slow receiver slows the sender.
 * What the pipe keeps back is let go when nothing more comes for a moment. One event loop.
 */
final class Flow {
  private final End from;
  private final End to;
  private final Pipe pipe;
  private final EventLoop loop;
  private final Duration hold;
  private final Owner owner;
  private @Nullable HttpHeaders trailers;
  private boolean asked;
  private boolean pumping;
  private boolean stopped;
  private long fed;
  private boolean waiting;

  /** Who is told what happens. */
  interface Owner {
    /** So many bytes have come. */
    void moved(Flow flow, int bytes);

    /** The message is over and has been handed on; may still change its trailers. */
    HttpHeaders finishing(Flow flow, HttpHeaders trailers) throws Refused;

    /** All is done. */
    void finished(Flow flow);

    /** It cannot go on. */
    void failed(Flow flow, Refused why);
  }

  Flow(End from, End to, Pipe pipe, EventLoop loop, Duration hold, Owner owner) {
    this.from = from;
    this.to = to;
    this.pipe = pipe;
    this.loop = loop;
    this.hold = hold;
    this.owner = owner;
  }

  /** What was found on the way so far. */
  List<Finding> findings() {
    return pipe.findings();
  }

  /** Begins. */
  void start() {
    pump();
  }

  /** A piece has come. */
  void data(ByteBuf piece) {
    asked = false;
    if (stopped) {
      piece.release();
      return;
    }
    int length = piece.readableBytes();
    fed++;
    try {
      pipe.feed(piece);
    } catch (BlockedException e) {
      fail(Refused.found(e.finding()));
      return;
    } catch (Refused e) {
      fail(e);
      return;
    }
    owner.moved(this, length);
    pump();
  }

  /** The message has ended. */
  void end(HttpHeaders trailers) {
    asked = false;
    if (stopped || this.trailers != null) {
      return;
    }
    this.trailers = trailers;
    pump();
  }

  /** The receiver can take more. */
  void ready() {
    pump();
  }

  /** Ends here, wherever it is. */
  void stop() {
    if (!stopped) {
      stopped = true;
      pipe.close();
    }
  }

  private void fail(Refused why) {
    if (!stopped) {
      stop();
      owner.failed(this, why);
    }
  }

  private void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      while (!stopped && drain()) {
        if (trailers != null) {
          finish(trailers);
        } else if (asked) {
          holdBack();
          return;
        } else {
          asked = true;
          from.demand();
        }
      }
    } catch (BlockedException e) {
      fail(Refused.found(e.finding()));
    } catch (Refused e) {
      fail(e);
    } finally {
      pumping = false;
    }
  }

  /** Hands on what there is; false if the receiver is slower. */
  private boolean drain() throws BlockedException, Refused {
    while (!stopped) {
      if (!to.ready()) {
        return false;
      }
      ByteBuf out = pipe.next();
      if (out == null) {
        return true;
      }
      to.data(out);
    }
    return false;
  }

  private void finish(HttpHeaders last) throws BlockedException, Refused {
    pipe.finish();
    ByteBuf out;
    while ((out = pipe.next()) != null) {
      to.data(out);
    }
    HttpHeaders checked = owner.finishing(this, last);
    stop();
    to.end(checked);
    owner.finished(this);
  }

  private void holdBack() {
    if (!waiting && fed > 0) {
      waiting = true;
      long now = fed;
      loop.schedule(() -> release(now), hold.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void release(long before) {
    waiting = false;
    if (stopped || trailers != null) {
      return;
    }
    if (before != fed) {
      holdBack();
      return;
    }
    try {
      pipe.idle();
    } catch (Refused e) {
      fail(e);
      return;
    }
    fed = 0;
    pump();
  }
}
