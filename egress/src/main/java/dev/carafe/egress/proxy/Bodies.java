package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.scan.Scanner;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;

/** Chooses what happens to bodies. What is scanned must be readable, or it does not go. */
final class Bodies {
  private Bodies() {}

  /** For a request's body: a compressed one is looked into and goes on as it is. */
  static Pipe outbound(Judge.Verdict verdict, Scanner scanner) {
    OnMatch onMatch = verdict.route().outbound();
    if (onMatch == OnMatch.OFF) {
      return new PlainPipe();
    }
    String coding = verdict.request().empty() ? "" : coding(verdict.request().headers());
    return new ScanPipe(scanner.outbound(onMatch, coding));
  }

  /** For an answer's body; the headers are changed to what it will be. */
  static Pipe inbound(Judge.Verdict verdict, Scanner scanner, Answer answer) throws Refused {
    boolean plain = coding(answer.headers()).isEmpty();
    if (!verdict.reads() && !plain) {
      // The server was told no secret; what it has compressed need not be read.
      return new PlainPipe();
    }
    Pipe scan = new ScanPipe(scanner.inbound(verdict.route().inbound().onMatch()));
    return decode(coding(answer.headers()), answer.headers(), scan);
  }

  /** For a WebSocket's bytes towards the server. */
  static Pipe framesOut(Judge.Verdict verdict, Scanner scanner) {
    OnMatch onMatch = verdict.route().outbound();
    return onMatch == OnMatch.OFF
        ? new PlainPipe()
        : FramePipe.toServer(
            () -> scanner.outbound(onMatch), () -> scanner.outbound(OnMatch.BLOCK));
  }

  /** For a WebSocket's bytes towards the client. */
  static Pipe framesIn(Judge.Verdict verdict, Scanner scanner) {
    OnMatch onMatch = verdict.route().inbound().onMatch();
    return FramePipe.toClient(() -> scanner.inbound(onMatch));
  }

  private static String coding(HttpHeaders headers) {
    List<String> codings = Fields.list(headers, "content-encoding");
    codings.remove("identity");
    return codings.isEmpty() ? "" : String.join(", ", codings);
  }

  private static Pipe decode(String coding, HttpHeaders headers, Pipe then) throws Refused {
    Pipe pipe =
        switch (coding) {
          case "" -> then;
          case "gzip", "x-gzip" -> InflatePipe.gzip(then);
          case "deflate" -> InflatePipe.deflate(then);
          default ->
              throw Refused.upstream(
                  "the answer's content-encoding is one that cannot be read here");
        };
    if (pipe != then) {
      headers.remove("content-encoding");
      headers.remove("content-length");
    }
    return pipe;
  }
}
