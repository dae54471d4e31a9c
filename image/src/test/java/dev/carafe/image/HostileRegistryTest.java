package dev.carafe.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.carafe.image.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a registry does that a well-behaved one does not, or not often enough to wait for. */
class HostileRegistryTest {
  private static final Progress SILENT = Progress.silent();
  private static final byte[] LAYER = Samples.rootFilesystem();
  private static final byte[] CONFIG = Samples.config("amd64", List.of(LAYER));
  private static final Map<String, byte[]> LAYOUT = Samples.layout(CONFIG, LAYER);

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  @TempDir Path directory;
  private HttpServer server;
  private String host;
  private StoreFixture fixture;
  private final AtomicReference<Answer> answer = new AtomicReference<>(this::honest);
  private final ConcurrentLinkedQueue<String> authorizations = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void start() throws IOException {
    server = start(HttpServer.create());
    host = "localhost:" + server.getAddress().getPort();
    fixture = new StoreFixture(directory.resolve("images"), environment(), StoreFixture.LIMITS);
  }

  private HttpServer start(HttpServer created) throws IOException {
    created.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    created.createContext(
        "/",
        exchange -> {
          try (exchange) {
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            authorizations.add(
                exchange.getRequestURI().getPath()
                    + " "
                    + (authorization == null ? "none" : authorization));
            answer.get().to(exchange);
          }
        });
    created.start();
    return created;
  }

  private Map<String, String> environment() {
    return Map.of("DOCKER_CONFIG", directory.resolve("docker").toString());
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static byte[] manifest() {
    byte[] index = LAYOUT.get("index.json");
    String digest =
        new String(index, StandardCharsets.UTF_8).replaceAll("(?s).*sha256:([0-9a-f]{64}).*", "$1");
    return LAYOUT.get("blobs/sha256/" + digest);
  }

  private void honest(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (path.contains("/manifests/")) {
      send(exchange, 200, manifest());
    } else if (path.contains("/blobs/")) {
      send(
          exchange, 200, LAYOUT.get("blobs/" + path.replaceAll(".*/blobs/", "").replace(':', '/')));
    } else {
      send(exchange, 200, new byte[0]);
    }
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  private Image pull() {
    return fixture.store.pull(host + "/x:1", SILENT);
  }

  private void refused(String because) {
    assertThatThrownBy(this::pull)
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("cannot pull " + host + "/x:1: ")
        .hasMessageContaining(because);
    assertThat(fixture.store.list()).isEmpty();
    assertThat(fixture.root.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void anHonestOneIsFine() throws Exception {
    assertThat(StoreFixture.contents(pull(), "etc/name")).isEqualTo("sample");
  }

  @Test
  void aTokenIsFetchedAndUsed() throws Exception {
    Files.createDirectory(directory.resolve("docker"));
    String both = Base64.getEncoder().encodeToString("me:pw".getBytes(StandardCharsets.UTF_8));
    Files.writeString(
        directory.resolve("docker/config.json"),
        "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(host, both));
    answer.set(
        exchange -> {
          if (exchange.getRequestURI().getPath().equals("/token")) {
            assertThat(exchange.getRequestURI().getQuery())
                .isEqualTo("service=the service&scope=repository:x:pull");
            send(exchange, 200, Samples.utf8("{\"token\":\"abc\"}"));
          } else if (!"Bearer abc".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            exchange
                .getResponseHeaders()
                .add(
                    "WWW-Authenticate",
                    "Bearer realm=\"http://"
                        + host
                        + "/token\",service=\"the service\",scope=\"x\"");
            send(exchange, 401, new byte[0]);
          } else {
            honest(exchange);
          }
        });
    pull();
    assertThat(authorizations).contains("/token Basic " + both);
    assertThat(authorizations).filteredOn(a -> a.startsWith("/token")).hasSize(1);
  }

  @Test
  void credentialsDoNotFollowRedirects() throws Exception {
    HttpServer other = start(HttpServer.create());
    try {
      answer.set(
          exchange -> {
            boolean here = exchange.getLocalAddress().getPort() == server.getAddress().getPort();
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            if (here && authorization == null) {
              exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"r\"");
              send(exchange, 401, new byte[0]);
            } else if (here && exchange.getRequestURI().getPath().contains("/blobs/")) {
              exchange
                  .getResponseHeaders()
                  .add(
                      "Location",
                      "http://localhost:"
                          + other.getAddress().getPort()
                          + exchange.getRequestURI().getPath().replace("/v2/", "/cdn/"));
              send(exchange, 307, new byte[0]);
            } else {
              honest(exchange);
            }
          });
      Files.createDirectory(directory.resolve("docker"));
      Files.writeString(
          directory.resolve("docker/config.json"),
          "{\"auths\":{\"%s\":{\"auth\":\"bWU6cHc=\"}}}".formatted(host));
      pull();
      assertThat(authorizations)
          .filteredOn(a -> a.startsWith("/cdn/"))
          .isNotEmpty()
          .allMatch(a -> a.endsWith(" none"));
    } finally {
      other.stop(0);
    }
  }

  @Test
  void redirectsInCirclesEnd() {
    answer.set(
        exchange -> {
          exchange.getResponseHeaders().add("Location", exchange.getRequestURI().toString());
          send(exchange, 302, new byte[0]);
        });
    refused("in circles");
  }

  @Test
  void redirectsToOtherSchemesAreRefused() {
    answer.set(
        exchange -> {
          exchange.getResponseHeaders().add("Location", "file:///etc/passwd");
          send(exchange, 302, new byte[0]);
        });
    refused("not reached over TLS");
  }

  @Test
  void aBlobThatDiffersIsRefused() {
    answer.set(
        exchange -> {
          if (exchange.getRequestURI().getPath().endsWith(Samples.digest(LAYER))) {
            byte[] changed = LAYER.clone();
            changed[700]++;
            send(exchange, 200, changed);
          } else {
            honest(exchange);
          }
        });
    refused("the digest differs");
  }

  @Test
  void aBlobThatIsTooLongIsRefused() {
    answer.set(
        exchange -> {
          if (exchange.getRequestURI().getPath().endsWith(Samples.digest(LAYER))) {
            send(exchange, 200, new byte[10_000_000]);
          } else {
            honest(exchange);
          }
        });
    refused("is larger than its " + LAYER.length + " bytes");
  }

  @Test
  void aManifestWithoutEndIsRefused() {
    answer.set(
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] much = new byte[1 << 20];
          Arrays.fill(much, (byte) ' ');
          try {
            for (int i = 0; i < 100; i++) {
              exchange.getResponseBody().write(much);
            }
          } catch (IOException hungUp) {
            // as it should
          }
        });
    refused("its manifest is larger than 4194304 bytes");
  }

  @Test
  void aDownloadThatBreaksGoesOnWhereItBroke() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    ConcurrentLinkedQueue<String> ranges = new ConcurrentLinkedQueue<>();
    answer.set(
        exchange -> {
          if (!exchange.getRequestURI().getPath().endsWith(Samples.digest(LAYER))) {
            honest(exchange);
            return;
          }
          String range = exchange.getRequestHeaders().getFirst("Range");
          int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
          ranges.add(String.valueOf(range));
          boolean breaks = tries.incrementAndGet() < 3;
          exchange.sendResponseHeaders(from > 0 ? 206 : 200, LAYER.length - from);
          exchange.getResponseBody().write(LAYER, from, breaks ? 1_000 : LAYER.length - from);
          exchange.getResponseBody().flush();
        });
    assertThat(StoreFixture.contents(pull(), "etc/name")).isEqualTo("sample");
    assertThat(ranges).containsExactly("null", "bytes=1000-", "bytes=2000-");
  }

  @Test
  void aDownloadThatAlwaysBreaksEnds() {
    answer.set(
        exchange -> {
          if (exchange.getRequestURI().getPath().contains("/blobs/")) {
            exchange.sendResponseHeaders(200, 1_000_000);
            exchange.getResponseBody().flush();
          } else {
            honest(exchange);
          }
        });
    refused("broke off");
  }

  @Test
  void statusesAreExplained() {
    for (Map.Entry<Integer, String> each :
        Map.of(404, "has no x 1", 403, "docker login", 429, "too often", 500, "status 500")
            .entrySet()) {
      answer.set(exchange -> send(exchange, each.getKey(), new byte[0]));
      refused(each.getValue());
    }
  }

  @Test
  void nonsenseIsRefused() {
    for (String body : List.of("", "[]", "{}", "null", "{\"manifests\":{}}")) {
      answer.set(exchange -> send(exchange, 200, Samples.utf8(body)));
      refused("its manifest");
    }
  }

  @Test
  void aHostThatNobodyKnows() {
    assertThatThrownBy(() -> fixture.store.pull("registry.invalid/x:1", SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("there is no host named registry.invalid");
  }

  @Test
  void aPortWhereNothingListens() throws IOException {
    int port;
    try (ServerSocket closed = new ServerSocket(0)) {
      port = closed.getLocalPort();
    }
    assertThatThrownBy(() -> fixture.store.pull("localhost:" + port + "/x:1", SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("nothing answers at localhost:" + port);
  }

  @Test
  void aCertificateThatNobodyTrustsIsNamedAndCanBeTrusted() throws Exception {
    Path store = directory.resolve("keys.p12");
    Tool.run(
        "keytool",
        "-genkeypair",
        "-alias",
        "k",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-ext",
        "SAN=dns:localhost",
        "-storetype",
        "PKCS12",
        "-keystore",
        store.toString(),
        "-storepass",
        "changeit");
    Path authority =
        Files.writeString(
            directory.resolve("authority.pem"),
            Tool.run(
                "keytool",
                "-exportcert",
                "-rfc",
                "-alias",
                "k",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit"));
    HttpsServer secure = HttpsServer.create();
    secure.setHttpsConfigurator(new HttpsConfigurator(context(store)));
    start(secure);
    try {
      String reference = "localhost:" + secure.getAddress().getPort() + "/x:1";
      assertThatThrownBy(() -> fixture.store.pull(reference, SILENT))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("is not trusted")
          .hasMessageContaining("SSL_CERT_FILE");
      StoreFixture trusting =
          new StoreFixture(
              directory.resolve("trusting"),
              Map.of("SSL_CERT_FILE", authority.toString()),
              StoreFixture.LIMITS);
      assertThat(trusting.store.pull(reference, SILENT).names()).containsExactly(reference);
    } finally {
      secure.stop(0);
    }
  }

  private static SSLContext context(Path store) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
    factory.init(keys, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    return context;
  }
}
