package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;

/**
 * One end of a request's way: a message comes from it piece by piece as asked for, and another goes
 * to it. All in the event loop of the client's connection.
 */
interface End {
  /** Asks for one more piece; its {@link Events} are told, now or later. */
  void demand();

  /** Whether more may be written now; if not, {@link Events#ready} is told when it may. */
  boolean ready();

  /** Writes a piece; takes it over. */
  void data(ByteBuf piece);

  /** Ends the message; nothing is written after that. */
  void end(HttpHeaders trailers);

  /** What an end has to say. */
  interface Events {
    /** A piece, which is the receiver's now. At most a few of them for one demand. */
    void data(ByteBuf piece);

    /** The message is whole. */
    void end(HttpHeaders trailers);

    /** More may be written. */
    void ready();

    /** Nothing will come from this end and nothing reaches it. */
    void gone(Refused why);
  }
}
