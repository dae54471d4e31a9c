package dev.carafe.egress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** What test servers do. */
public final class Behaviours {
  private Behaviours() {}

  static HttpResponse head(int status) {
    return new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
  }

  private static HttpResponse chunked(int status) {
    HttpResponse response = head(status);
    HttpUtil.setTransferEncodingChunked(response, true);
    return response;
  }

  /** Answers a text when the request is whole. */
  public static TestServer.Behaviour text(int status, String text) {
    return body(status, text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  /** Answers with these headers when the request is whole. */
  public static TestServer.Behaviour body(int status, byte[] bytes, Map<String, String> headers) {
    return (ctx, part) -> {
      if (part instanceof LastHttpContent) {
        FullHttpResponse response =
            new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(status),
                Unpooled.wrappedBuffer(bytes));
        response.headers().set("content-length", bytes.length);
        headers.forEach(response.headers()::set);
        ctx.writeAndFlush(response);
      }
    };
  }

  /** Answers what it was asked: request line, headers, body. */
  public static TestServer.Behaviour mirror() {
    StringBuilder seen = new StringBuilder();
    return (ctx, part) -> {
      if (part instanceof HttpRequest request) {
        seen.append(request.method()).append(' ').append(request.uri()).append('\n');
        for (Map.Entry<String, String> field : request.headers()) {
          seen.append(field.getKey().toLowerCase(java.util.Locale.ROOT));
          seen.append(": ").append(field.getValue()).append('\n');
        }
        seen.append('\n');
      }
      if (part instanceof HttpContent content) {
        seen.append(content.content().toString(StandardCharsets.UTF_8));
      }
      if (part instanceof LastHttpContent last) {
        for (Map.Entry<String, String> field : last.trailingHeaders()) {
          seen.append("trailer ").append(field.getKey().toLowerCase(java.util.Locale.ROOT));
          seen.append(": ").append(field.getValue()).append('\n');
        }
        text(200, seen.toString()).on(ctx, part);
      }
    };
  }

  /** Sends each part of the body back as it comes, and a trailer at the end. */
  public static TestServer.Behaviour echo() {
    return (ctx, part) -> {
      if (part instanceof HttpRequest) {
        HttpResponse response = chunked(200);
        response.headers().set("content-type", "application/grpc");
        ctx.writeAndFlush(response);
      }
      if (part instanceof HttpContent content && content.content().isReadable()) {
        ctx.writeAndFlush(new DefaultHttpContent(content.content().retain()));
      }
      if (part instanceof LastHttpContent) {
        LastHttpContent last = new DefaultLastHttpContent();
        last.trailingHeaders().set("grpc-status", "0");
        ctx.writeAndFlush(last);
      }
    };
  }

  /** Begins an event stream, and gives the test the channel to go on with. */
  public static TestServer.Behaviour events(CompletableFuture<Channel> stream) {
    return (ctx, part) -> {
      if (part instanceof LastHttpContent) {
        HttpResponse response = chunked(200);
        response.headers().set("content-type", "text/event-stream");
        ctx.writeAndFlush(response);
        stream.complete(ctx.channel());
      }
    };
  }

  /** Counts the body and answers how many bytes it had. */
  public static TestServer.Behaviour count() {
    long[] bytes = new long[1];
    return (ctx, part) -> {
      if (part instanceof HttpContent content) {
        bytes[0] += content.content().readableBytes();
      }
      if (part instanceof LastHttpContent) {
        text(200, Long.toString(bytes[0])).on(ctx, part);
      }
    };
  }

  /** Sends so many bytes, as fast as they are taken; tells how many it has sent so far. */
  public static TestServer.Behaviour download(long bytes, Consumer<Long> sent) {
    return new TestServer.Behaviour() {
      private long left = bytes;
      private boolean begun;

      @Override
      public void on(ChannelHandlerContext ctx, HttpObject part) {
        if (part instanceof LastHttpContent) {
          HttpResponse response = head(200);
          response.headers().set("content-length", bytes);
          ctx.write(response);
          begun = true;
          writable(ctx);
        }
      }

      @Override
      public void writable(ChannelHandlerContext ctx) {
        while (begun && left > 0 && ctx.channel().isWritable()) {
          int length = (int) Math.min(left, 32 << 10);
          ByteBuf piece = ctx.alloc().buffer(length).writeZero(length);
          left -= length;
          ctx.writeAndFlush(new DefaultHttpContent(piece));
          sent.accept(bytes - left);
        }
        if (begun && left == 0) {
          begun = false;
          ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }
      }
    };
  }

  /** Reads nothing of the body and never answers; says when the client has gone. */
  public static TestServer.Behaviour silent(Runnable arrived, Runnable gone) {
    return new TestServer.Behaviour() {
      @Override
      public void on(ChannelHandlerContext ctx, HttpObject part) {
        if (part instanceof HttpRequest) {
          arrived.run();
        }
      }

      @Override
      public void gone() {
        gone.run();
      }
    };
  }
}
