package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bodies pass as they come, however long they are, and no faster than they are taken. */
class StreamTest {
  private static final long LARGE = 256L << 20;

  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private TestServer server(String version) throws Exception {
    return version.equals("HTTP_2") ? lab.server("api.test") : lab.oldServer("api.test");
  }

  private static HttpRequest.Builder request(TestServer server, String path) {
    return HttpRequest.newBuilder(URI.create("https://api.test:" + server.port() + path));
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1,HTTP_1_1", "HTTP_1_1,HTTP_2", "HTTP_2,HTTP_1_1", "HTTP_2,HTTP_2"})
  void anEventArrivesBeforeTheNextIsSent(Version version, String upstream) throws Exception {
    CompletableFuture<Channel> stream = new CompletableFuture<>();
    TestServer server = server(upstream).on("/events", () -> Behaviours.events(stream));
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    HttpResponse<InputStream> answer =
        client.send(request(server, "/events").build(), BodyHandlers.ofInputStream());
    Channel channel = stream.get(20, TimeUnit.SECONDS);
    InputStream in = answer.body();
    // The second ends like the secret begins: it may not be kept back for ever.
    for (String event : new String[] {"data: one\n\n", "data: sk-la", "data: three\n\n"}) {
      channel.writeAndFlush(TestServer.content(event.getBytes(StandardCharsets.UTF_8)));
      assertThat(new String(in.readNBytes(event.length()), StandardCharsets.UTF_8))
          .isEqualTo(event);
    }
    channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
    assertThat(in.read()).isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1,HTTP_1_1", "HTTP_2,HTTP_2", "HTTP_2,HTTP_1_1"})
  void largeBodiesPassBothWays(Version version, String upstream) throws Exception {
    TestServer server =
        server(upstream)
            .on("/down", () -> Behaviours.download(LARGE, sent -> {}))
            .on("/up", Behaviours::count);
    Egress egress = lab.start(Lab.open("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    HttpResponse<InputStream> down =
        client.send(request(server, "/down").build(), BodyHandlers.ofInputStream());
    long received = 0;
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = down.body()) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        received += n;
      }
    }
    assertThat(received).isEqualTo(LARGE);
    HttpResponse<String> up =
        client.send(
            request(server, "/up")
                .POST(
                    BodyPublishers.fromPublisher(
                        BodyPublishers.ofInputStream(() -> new Zeros(LARGE)), LARGE))
                .build(),
            BodyHandlers.ofString());
    assertThat(up.body()).isEqualTo(Long.toString(LARGE));
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1,HTTP_1_1", "HTTP_1_1,HTTP_2", "HTTP_2,HTTP_1_1", "HTTP_2,HTTP_2"})
  void aClientThatDoesNotReadStopsTheServer(Version version, String upstream) throws Exception {
    AtomicLong sent = new AtomicLong();
    TestServer server = server(upstream).on("/down", () -> Behaviours.download(LARGE, sent::set));
    Egress egress = lab.start(Lab.open("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    HttpResponse<InputStream> down =
        client.send(request(server, "/down").build(), BodyHandlers.ofInputStream());
    // When nothing has been sent for half a second, all that can be kept on the way is.
    AtomicLong before = new AtomicLong(-1);
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(500))
        .until(() -> before.getAndSet(sent.get()) == sent.get() && sent.get() > 0);
    assertThat(sent.get()).isLessThan(64L << 20);
    down.body().close();
  }

  /** So many bytes of nothing. */
  private static final class Zeros extends InputStream {
    private long left;

    Zeros(long left) {
      this.left = left;
    }

    @Override
    public int read() {
      return left-- > 0 ? 0 : -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
      if (left <= 0) {
        return -1;
      }
      int here = (int) Math.min(left, length);
      java.util.Arrays.fill(bytes, offset, offset + here, (byte) 0);
      left -= here;
      return here;
    }
  }
}
