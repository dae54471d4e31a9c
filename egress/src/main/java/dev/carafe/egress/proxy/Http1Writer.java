package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Writes HTTP/1.1 messages' heads, chunks and trailers. */
final class Http1Writer {
  private Http1Writer() {}

  static ByteBuf request(String method, String target, HttpHeaders headers) {
    return head(method + " " + target + " HTTP/1.1\r\n", headers);
  }

  static ByteBuf response(int status, HttpHeaders headers) {
    return response(new Answer(status, headers, true));
  }

  static ByteBuf response(Answer answer) {
    String phrase =
        answer.phrase().isEmpty()
            ? HttpResponseStatus.valueOf(answer.status()).reasonPhrase()
            : answer.phrase();
    return head("HTTP/1.1 " + answer.status() + " " + phrase + "\r\n", answer.headers());
  }

  private static ByteBuf head(String line, HttpHeaders headers) {
    StringBuilder text = new StringBuilder(512).append(line);
    fields(text, headers);
    return latin1(text.append("\r\n"));
  }

  /** What precedes a chunk's bytes. */
  static ByteBuf chunkLine(int length) {
    return latin1(new StringBuilder(Integer.toHexString(length)).append("\r\n"));
  }

  /** What follows a chunk's bytes. */
  static ByteBuf chunkEnd() {
    return latin1(new StringBuilder("\r\n"));
  }

  /** The last chunk and what follows it. */
  static ByteBuf lastChunk(HttpHeaders trailers) {
    StringBuilder text = new StringBuilder("0\r\n");
    fields(text, trailers);
    return latin1(text.append("\r\n"));
  }

  private static void fields(StringBuilder text, HttpHeaders headers) {
    for (Map.Entry<String, String> field : headers) {
      text.append(field.getKey()).append(": ").append(field.getValue()).append("\r\n");
    }
  }

  private static ByteBuf latin1(StringBuilder text) {
    ByteBuf bytes = ByteBufAllocator.DEFAULT.heapBuffer(text.length());
    bytes.writeCharSequence(text, StandardCharsets.ISO_8859_1);
    return bytes;
  }
}
