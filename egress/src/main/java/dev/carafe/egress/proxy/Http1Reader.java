package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads HTTP/1.1 messages (RFC 9112) piece by piece, and only as far as it is asked to. It accepts
 * nothing that two readers could understand differently: every line ends with CR LF, nothing is
 * folded, a name touches its colon, there is one length and it is clear, no character is one that
 * somebody might take for another. What it has accepted is never passed on as it was, but written
 * anew by {@link Http1Writer}.
 *
 * <p>Keeps at most what was added; {@link Limits} bound a message's head. One thread.
 */
final class Http1Reader {
  private static final int LONGEST_CHUNK_LINE = 256;

  /** What a message consists of. */
  sealed interface Piece {}

  /** The beginning of a request. */
  record RequestHead(String method, String target, int minor, HttpHeaders headers, boolean empty)
      implements Piece {}

  /** The beginning of a response. */
  record ResponseHead(int status, int minor, HttpHeaders headers, boolean empty, boolean untilClose)
      implements Piece {}

  /** Some of the body; the receiver's. */
  record Data(ByteBuf bytes) implements Piece {}

  /** The end. */
  record Finish(HttpHeaders trailers) implements Piece {}

  private enum State {
    START,
    LENGTH,
    CHUNK_LINE,
    CHUNK,
    CHUNK_END,
    TRAILERS,
    UNTIL_CLOSE,
    RAW
  }

  private final boolean requests;
  private final Limits limits;
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private State state = State.START;
  private long left;
  private int scanned;
  private boolean skippedLine;
  private String method = "";
  private @Nullable String firstLine;
  private HttpHeaders headers = newHeaders();
  private int headerBytes;

  private Http1Reader(boolean requests, Limits limits) {
    this.requests = requests;
    this.limits = limits;
  }

  static Http1Reader ofRequests(Limits limits) {
    return new Http1Reader(true, limits);
  }

  static Http1Reader ofResponses(Limits limits) {
    return new Http1Reader(false, limits);
  }

  static HttpHeaders newHeaders() {
    return DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
  }

  /** Says which method the next response answers. */
  void answering(String method) {
    this.method = method;
  }

  /** Adds what has arrived; takes it over. */
  void add(ByteBuf bytes) {
    if (in.isReadable()) {
      in = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ByteBufAllocator.DEFAULT, in, bytes);
    } else {
      in.release();
      in = bytes;
      scanned = 0;
    }
  }

  /** How many bytes have been added and not yet become pieces. */
  int buffered() {
    return in.readableBytes();
  }

  /** Whether a message has begun and is not whole. */
  boolean within() {
    return state != State.START || firstLine != null;
  }

  /** From here on all bytes are one body without end. */
  void raw() {
    state = State.RAW;
  }

  /** Gives up what is left; the caller's. */
  ByteBuf rest() {
    ByteBuf rest = in;
    in = Unpooled.EMPTY_BUFFER;
    scanned = 0;
    return rest;
  }

  /** The next piece; null if more bytes are needed. */
  @Nullable Piece next() throws Refused {
    Piece piece = read();
    if (!in.isReadable()) {
      // A connection that waits keeps no memory.
      close();
    }
    return piece;
  }

  private @Nullable Piece read() throws Refused {
    return switch (state) {
      case START -> head();
      case LENGTH -> {
        if (left == 0) {
          yield finish(newHeaders());
        }
        yield data(left);
      }
      case CHUNK_LINE -> {
        String line = line(LONGEST_CHUNK_LINE, "chunk");
        if (line == null) {
          yield null;
        }
        left = chunkLength(line);
        state = left == 0 ? State.TRAILERS : State.CHUNK;
        yield read();
      }
      case CHUNK -> data(left);
      case CHUNK_END -> {
        if (in.readableBytes() < 2) {
          yield null;
        }
        if (in.readByte() != '\r' || in.readByte() != '\n') {
          throw Refused.malformed("a chunk is longer than it says");
        }
        scanned = 0;
        state = State.CHUNK_LINE;
        yield read();
      }
      case TRAILERS -> fields() ? finish(take()) : null;
      case UNTIL_CLOSE, RAW -> data(Long.MAX_VALUE);
    };
  }

  /** The other side will send no more: the message's end if that ends it. */
  Piece eof() throws Refused {
    if (state == State.UNTIL_CLOSE || state == State.RAW) {
      return finish(newHeaders());
    }
    throw Refused.malformed("the message is cut short");
  }

  private @Nullable Piece data(long most) {
    int here = (int) Math.min(most, in.readableBytes());
    if (here == 0) {
      return null;
    }
    ByteBuf bytes = in.readRetainedSlice(here);
    scanned = 0;
    if (state == State.LENGTH || state == State.CHUNK) {
      left -= here;
      if (left == 0 && state == State.CHUNK) {
        state = State.CHUNK_END;
      }
    }
    return new Data(bytes);
  }

  private Piece finish(HttpHeaders trailers) {
    if (state != State.RAW) {
      state = State.START;
    }
    return new Finish(trailers);
  }

  private HttpHeaders take() {
    HttpHeaders taken = headers;
    headers = newHeaders();
    headerBytes = 0;
    return taken;
  }

  private @Nullable Piece head() throws Refused {
    if (firstLine == null) {
      String line = line(limits.requestLine(), requests ? "request line" : "status line");
      // One empty line between messages is an old habit (RFC 9112, 2.2).
      if (line != null && line.isEmpty() && requests && !skippedLine) {
        skippedLine = true;
        line = line(limits.requestLine(), "request line");
      }
      if (line == null) {
        return null;
      }
      firstLine = line;
    }
    if (!fields()) {
      return null;
    }
    String line = firstLine;
    firstLine = null;
    skippedLine = false;
    HttpHeaders fields = take();
    return requests ? request(line, fields) : response(line, fields);
  }

  private Piece request(String line, HttpHeaders fields) throws Refused {
    int first = line.indexOf(' ');
    int last = line.lastIndexOf(' ');
    if (first < 1 || last == first || line.indexOf(' ', first + 1) != last) {
      throw Refused.malformed("the request line is not METHOD TARGET VERSION");
    }
    String verb = line.substring(0, first);
    String target = line.substring(first + 1, last);
    int minor = minor(line.substring(last + 1));
    if (!Fields.isToken(verb) || verb.length() > 32) {
      throw Refused.malformed("the method is not clear");
    }
    if (!Fields.isVisible(target)) {
      throw Refused.malformed("the request's target has characters that no target has");
    }
    long length = length(fields, minor);
    boolean chunked = fields.contains("transfer-encoding");
    begin(chunked, length);
    return new RequestHead(verb, target, minor, fields, !chunked && length <= 0);
  }

  private Piece response(String line, HttpHeaders fields) throws Refused {
    if (line.length() < 12
        || line.charAt(8) != ' '
        || line.length() > 12 && line.charAt(12) != ' ') {
      throw Refused.upstream("the server's status line is not clear");
    }
    int minor = minor(line.substring(0, 8));
    String digits = line.substring(9, 12);
    if (!digits.matches("[1-5][0-9][0-9]")) {
      throw Refused.upstream("the server's status line is not clear");
    }
    int status = Integer.parseInt(digits);
    long length = length(fields, minor);
    boolean chunked = fields.contains("transfer-encoding");
    boolean none = method.equals("HEAD") || status < 200 || status == 204 || status == 304;
    boolean untilClose = !none && !chunked && length < 0;
    if (none) {
      begin(false, 0);
    } else if (untilClose) {
      state = State.UNTIL_CLOSE;
    } else {
      begin(chunked, length);
    }
    boolean empty = none || !chunked && length == 0;
    return new ResponseHead(status, minor, fields, empty, untilClose);
  }

  private void begin(boolean chunked, long length) {
    left = Math.max(0, length);
    if (chunked) {
      state = State.CHUNK_LINE;
    } else if (length > 0) {
      state = State.LENGTH;
    }
  }

  private static int minor(String version) throws Refused {
    return switch (version) {
      case "HTTP/1.1" -> 1;
      case "HTTP/1.0" -> 0;
      default -> throw Refused.malformed("the version is not HTTP/1.1");
    };
  }

  /** The content's length, -1 if none is said; whether it is chunked is clear afterwards too. */
  private static long length(HttpHeaders fields, int minor) throws Refused {
    List<String> lengths = fields.getAll("content-length");
    List<String> codings = fields.getAll("transfer-encoding");
    if (!codings.isEmpty()) {
      if (!lengths.isEmpty()) {
        throw Refused.malformed("Content-Length and Transfer-Encoding contradict each other");
      }
      if (minor == 0 || codings.size() != 1 || !codings.getFirst().equalsIgnoreCase("chunked")) {
        throw Refused.malformed("the only Transfer-Encoding is chunked");
      }
      return -1;
    }
    if (lengths.size() > 1) {
      throw Refused.malformed("there is more than one Content-Length");
    }
    if (lengths.isEmpty()) {
      return -1;
    }
    if (!lengths.getFirst().matches("[0-9]{1,18}")) {
      throw Refused.malformed("the Content-Length is not a number");
    }
    return Long.parseLong(lengths.getFirst());
  }

  private static long chunkLength(String line) throws Refused {
    int end = line.indexOf(';');
    String digits = end < 0 ? line : line.substring(0, end);
    if (!digits.matches("[0-9a-fA-F]{1,15}")) {
      throw Refused.malformed("a chunk's length is not a number");
    }
    return Long.parseLong(digits, 16);
  }

  /** Reads header lines up to the empty one; false if more bytes are needed. */
  private boolean fields() throws Refused {
    while (true) {
      String line = line(limits.headerBytes() - headerBytes, "header");
      if (line == null) {
        return false;
      }
      if (line.isEmpty()) {
        return true;
      }
      headerBytes += line.length() + 2;
      if (headers.size() >= limits.headers()) {
        throw Refused.malformed("there are too many headers");
      }
      char first = line.charAt(0);
      if (first == ' ' || first == '\t') {
        throw Refused.malformed("a header is folded");
      }
      int colon = line.indexOf(':');
      if (colon < 1 || !Fields.isToken(line.substring(0, colon))) {
        throw Refused.malformed("a header's name is not clear");
      }
      headers.add(line.substring(0, colon), Fields.trim(line.substring(colon + 1)));
    }
  }

  /** One line without its end; null if it is not whole yet. */
  private @Nullable String line(int longest, String what) throws Refused {
    int length = in.readableBytes();
    int start = in.readerIndex();
    int at = in.indexOf(start + scanned, start + length, (byte) '\n');
    if (at < 0) {
      if (length > Math.max(0, longest)) {
        throw Refused.malformed("the " + what + " is too long");
      }
      scanned = length;
      return null;
    }
    int size = at - start;
    if (size - 1 > longest) {
      throw Refused.malformed("the " + what + " is too long");
    }
    if (size == 0 || in.getByte(at - 1) != '\r') {
      throw Refused.malformed("a line ends without CR");
    }
    String line = in.toString(start, size - 1, StandardCharsets.ISO_8859_1);
    in.readerIndex(at + 1);
    scanned = 0;
    if (!Fields.isText(line)) {
      throw Refused.malformed("the " + what + " has control characters");
    }
    return line;
  }

  void close() {
    in.release();
    in = Unpooled.EMPTY_BUFFER;
    scanned = 0;
  }
}
