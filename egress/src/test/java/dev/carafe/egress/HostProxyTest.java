package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.proxy.AddressRules;
import dev.carafe.egress.routes.Route;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where the host itself must use a proxy, so does the egress. */
class HostProxyTest {
  private Lab lab;
  private TestServer server;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
    server = lab.server("api.test").on("/mirror", Behaviours::mirror);
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  /** A proxy that knows where every name is: here. */
  private final class Corporate implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final String answer;

    Corporate(String answer) throws IOException {
      this.answer = answer;
      Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
      while (!listener.isClosed()) {
        try {
          Socket client = listener.accept();
          Thread.ofVirtual().start(() -> relay(client));
        } catch (IOException e) {
          return;
        }
      }
    }

    private void relay(Socket client) {
      try (client;
          Socket there = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) client.getInputStream().read());
        }
        asked.add(head.toString());
        client.getOutputStream().write(answer.getBytes());
        Thread back =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        there.getInputStream().transferTo(client.getOutputStream());
                      } catch (IOException e) {
                        // Over.
                      }
                    });
        client.getInputStream().transferTo(there.getOutputStream());
        back.join();
      } catch (IOException | InterruptedException e) {
        // Over.
      }
    }

    String url(String user) {
      return "http://" + user + "127.0.0.1:" + listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private HttpResponse<String> ask(Map<String, String> environment) throws Exception {
    Route route = Lab.signed("api.test", server.port());
    EgressOptions options =
        lab.options(route)
            .environment(environment)
            .resolver(
                host -> {
                  if (host.equals("127.0.0.1")) {
                    return List.of(InetAddress.getByName(host));
                  }
                  throw new UnknownHostException(host);
                });
    Egress egress = lab.start(options);
    return lab.client(egress, Version.HTTP_2)
        .send(
            HttpRequest.newBuilder(URI.create("https://api.test:" + server.port() + "/mirror"))
                .build(),
            BodyHandlers.ofString());
  }

  @Test
  void serversAreConnectedToThroughItWithItsCredentials() throws Exception {
    Corporate proxy = lab.keep(new Corporate("HTTP/1.1 200 OK\r\nVia: us\r\n\r\n"));
    assertThat(ask(Map.of("HTTPS_PROXY", proxy.url("me:pass@"))).statusCode()).isEqualTo(200);
    assertThat(proxy.asked.take())
        .startsWith("CONNECT api.test:" + server.port() + " HTTP/1.1\r\n")
        .contains("Proxy-Authorization: Basic bWU6cGFzcw==\r\n");
  }

  @Test
  void namesThatNeedNoneAreConnectedToDirectly() throws Exception {
    Corporate proxy = lab.keep(new Corporate("HTTP/1.1 200 OK\r\n\r\n"));
    HttpResponse<String> answer = ask(Map.of("https_proxy", proxy.url(""), "NO_PROXY", ".test"));
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body()).contains("not known");
    assertThat(proxy.asked).isEmpty();
  }

  @Test
  void itsRefusalIsPassedOnAsAFailure() throws Exception {
    Corporate proxy = lab.keep(new Corporate("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"));
    HttpResponse<String> answer = ask(Map.of("ALL_PROXY", proxy.url("")));
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body()).isEqualTo("egress: the host's own proxy answers 407\n");
  }

  @Test
  void aProxyOfAnotherKindIsRefusedAtTheStart() {
    assertThatThrownBy(
            () ->
                Egress.start(
                    new EgressOptions()
                        .environment(Map.of("ALL_PROXY", "socks5://me:pass@127.0.0.1:1"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ALL_PROXY")
        .hasMessageNotContaining("pass");
  }

  @Test
  void privateNamesAreRefusedBeforeItIsAsked() throws Exception {
    Corporate proxy = lab.keep(new Corporate("HTTP/1.1 200 OK\r\n\r\n"));
    EgressOptions options =
        lab.options(Lab.open("api.test", server.port()))
            .environment(Map.of("HTTPS_PROXY", proxy.url("")))
            .addresses(AddressRules.standard());
    Egress egress = lab.start(options);
    HttpResponse<String> answer =
        lab.client(egress, Version.HTTP_1_1)
            .send(
                HttpRequest.newBuilder(URI.create("https://api.test:" + server.port() + "/"))
                    .build(),
                BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(proxy.asked).isEmpty();
  }
}
