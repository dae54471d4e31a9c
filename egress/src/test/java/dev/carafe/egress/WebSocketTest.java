package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** WebSockets pass, and what they carry is looked at. */
class WebSocketTest {
  private Lab lab;
  private TestServer server;
  private Egress egress;
  private final BlockingQueue<String> atServer = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> atClient = new LinkedBlockingQueue<>();
  private final List<String> offered = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
    server = lab.server("api.test").on("/ws", this::echo);
    egress =
        lab.start(
            lab.options(Lab.signed("api.test", server.port()))
                .listen(new Listen(Listen.Kind.TLS, Lab.loopback(), server.port())));
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  /** Sends each message back; at {@code tell} the credential that the request had. */
  private TestServer.Behaviour echo() {
    return (ctx, part) -> {
      if (part instanceof HttpRequest request) {
        offered.add(String.valueOf(request.headers().get("sec-websocket-extensions")));
        String credential = request.headers().get("authorization");
        WebSocketServerHandshaker shaker =
            new WebSocketServerHandshakerFactory("wss://api.test/ws", null, false)
                .newHandshaker(request);
        ctx.pipeline().replace("app", "frames", new Frames(credential));
        shaker.handshake(
            ctx.channel(),
            new io.netty.handler.codec.http.DefaultFullHttpRequest(
                request.protocolVersion(),
                request.method(),
                request.uri(),
                Unpooled.EMPTY_BUFFER,
                request.headers(),
                request.headers().copy().clear()));
      }
    };
  }

  private final class Frames extends SimpleChannelInboundHandler<WebSocketFrame> {
    private final String credential;

    Frames(String credential) {
      this.credential = credential;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
      String text = frame.content().toString(StandardCharsets.UTF_8);
      String kind = frame.getClass().getSimpleName().replace("WebSocketFrame", "");
      atServer.add(kind + " " + text);
      if (frame instanceof TextWebSocketFrame && text.equals("tell")) {
        ctx.writeAndFlush(new TextWebSocketFrame(credential));
      } else {
        ctx.writeAndFlush(
            frame instanceof PingWebSocketFrame
                ? new io.netty.handler.codec.http.websocketx.PongWebSocketFrame(
                    frame.content().retain())
                : frame.retain());
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      atServer.add("gone");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private WebSocket connect() throws Exception {
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    StringBuilder message = new StringBuilder();
    return client
        .newWebSocketBuilder()
        .buildAsync(
            URI.create("wss://api.test:" + server.port() + "/ws"),
            new WebSocket.Listener() {
              @Override
              public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                message.append(data);
                if (last) {
                  atClient.add(message.toString());
                  message.setLength(0);
                }
                socket.request(1);
                return null;
              }

              @Override
              public CompletionStage<?> onPong(WebSocket socket, ByteBuffer data) {
                atClient.add("pong " + StandardCharsets.UTF_8.decode(data));
                socket.request(1);
                return null;
              }

              @Override
              public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                atClient.add("close " + code + " " + reason);
                return null;
              }

              @Override
              public void onError(WebSocket socket, Throwable error) {
                atClient.add("gone");
              }
            })
        .get(20, TimeUnit.SECONDS);
  }

  private static String next(BlockingQueue<String> queue) throws Exception {
    String next = queue.poll(20, TimeUnit.SECONDS);
    return next == null ? "nothing" : next;
  }

  @Test
  void messagesPassBothWays() throws Exception {
    WebSocket socket = connect();
    String large = "long ".repeat(40_000);
    socket.sendText("hello", true).get(20, TimeUnit.SECONDS);
    assertThat(next(atClient)).isEqualTo("hello");
    socket.sendText(large, true).get(20, TimeUnit.SECONDS);
    assertThat(next(atClient)).isEqualTo(large);
    socket.sendText("in ", false).get(20, TimeUnit.SECONDS);
    socket.sendText("two", true).get(20, TimeUnit.SECONDS);
    assertThat(next(atClient)).isEqualTo("in two");
    socket.sendPing(ByteBuffer.wrap("p".getBytes(StandardCharsets.UTF_8)));
    assertThat(next(atClient)).isEqualTo("pong p");
    socket.sendClose(1000, "bye").get(20, TimeUnit.SECONDS);
    assertThat(next(atClient)).isEqualTo("close 1000 bye");
    // Compression would hide what is said; it is not even offered.
    assertThat(offered).containsExactly("null");
  }

  @Test
  void theCredentialDoesNotComeBackInAFrame() throws Exception {
    WebSocket socket = connect();
    socket.sendText("tell", true).get(20, TimeUnit.SECONDS);
    assertThat(next(atClient)).startsWith("Bearer *").doesNotContain(Lab.SECRET);
  }

  @Test
  void aSecretInAFrameEndsTheConnection() throws Exception {
    WebSocket socket = connect();
    socket.sendText("it is " + Lab.SECRET, true);
    assertThat(next(atClient))
        .isEqualTo("close 1008 egress: known-secret (LAB_TOKEN) found in the body");
    assertThat(next(atServer)).doesNotContain(Lab.SECRET);
  }

  @Test
  void aSecretInSlicesEndsTheConnection() throws Exception {
    WebSocket socket = connect();
    int half = Lab.SECRET.length() / 2;
    socket.sendText(Lab.SECRET.substring(0, half), true).get(20, TimeUnit.SECONDS);
    socket
        .sendText(Lab.SECRET.substring(half), true)
        .thenCompose(sent -> socket.sendText("all of it", true));
    String last = "";
    String heard = next(atServer);
    while (!heard.equals("gone") && !heard.endsWith("all of it")) {
      last = heard;
      heard = next(atServer);
    }
    assertThat(heard).isEqualTo("gone");
    assertThat(last).doesNotContain(Lab.SECRET.substring(half));
  }

  @Test
  void aSecretInAPingEndsTheConnection() throws Exception {
    WebSocket socket = connect();
    socket.sendPing(ByteBuffer.wrap(Lab.SECRET.getBytes(StandardCharsets.UTF_8)));
    assertThat(next(atServer)).isEqualTo("gone");
  }

  @Test
  void aWebSocketCanBeAStreamOfHttp2() throws Exception {
    InetSocketAddress address = (InetSocketAddress) egress.addresses().get(1);
    Http2Wire wire = lab.keep(new Http2Wire(address, "api.test", egress.certificate(), 65_535));
    Http2Headers request =
        Http2Wire.request("CONNECT", "api.test:" + server.port(), "/ws")
            .add(":protocol", "websocket")
            .add("sec-websocket-version", "13");
    Http2Wire.Stream stream = wire.open(request, false);
    assertThat(stream.headers().status()).hasToString("200");
    ByteBuf frame = Unpooled.buffer().writeByte(0x81).writeByte(0x80 | 5).writeInt(0);
    frame.writeCharSequence("hello", StandardCharsets.UTF_8);
    stream.channel().writeAndFlush(new DefaultHttp2DataFrame(frame));
    assertThat(next(atServer)).isEqualTo("Text hello");
    assertThat(stream.text(7)).endsWith("hello");
  }
}
