package dev.carafe.image.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

/**
 * Sends single requests, and says in a sentence why one got no answer. Redirects are not followed
 * here: whoever follows one has to think about credentials.
 */
final class RegistryHttp implements AutoCloseable {
  private static final Duration TO_CONNECT = Duration.ofSeconds(30);
  private static final Duration TO_ANSWER = Duration.ofSeconds(60);

  private static final int MOST_TRIES = 3;

  private final HttpClient client;

  RegistryHttp(Map<String, String> environment) throws RegistryException {
    client =
        HttpClient.newBuilder()
            .connectTimeout(TO_CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .proxy(new HostProxy(environment))
            .sslContext(HostTrust.context(environment))
            .build();
  }

  /** A request that may be added to. */
  static HttpRequest.Builder request(URI uri) {
    return HttpRequest.newBuilder(uri).timeout(TO_ANSWER).header("User-Agent", "carafe");
  }

  /** Sends it; the caller closes the body. */
  HttpResponse<InputStream> send(HttpRequest request) throws IOException {
    for (int tries = 1; ; tries++) {
      try {
        return sendOnce(request);
      } catch (RegistryException | InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        // Mostly a kept connection that the other side had just given up: a new one will do.
        if (tries == MOST_TRIES) {
          throw new RegistryException(
              "the connection to " + request.uri().getAuthority() + " broke off", e);
        }
      }
    }
  }

  /** The same without trying again; an answer that is no HTTP is a plain IOException. */
  HttpResponse<InputStream> sendOnce(HttpRequest request) throws IOException {
    String host = request.uri().getAuthority();
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (HttpTimeoutException e) {
      throw new RegistryException("the registry " + host + " does not answer", e);
    } catch (ConnectException e) {
      if (e.getCause() instanceof UnresolvedAddressException
          || e.getCause() != null
              && e.getCause().getCause() instanceof UnresolvedAddressException) {
        throw new RegistryException("there is no host named " + request.uri().getHost(), e);
      }
      throw new RegistryException("nothing answers at " + host, e);
    } catch (SSLHandshakeException e) {
      throw new RegistryException(
          "the certificate of the registry "
              + host
              + " is not trusted ("
              + e.getMessage()
              + "); install its authority on this host, or name a file of certificates in"
              + " SSL_CERT_FILE",
          e);
    } catch (SSLException e) {
      throw new RegistryException(
          "the registry " + host + " does not speak TLS properly (" + e.getMessage() + ")", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
