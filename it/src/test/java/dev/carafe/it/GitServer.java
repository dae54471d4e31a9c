package dev.carafe.it;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

/**
 * Git's own server program behind HTTPS on loopback, for those who know the login: all others are
 * asked for it.
 */
final class GitServer implements AutoCloseable {
  private final HttpsServer server;
  private final Path repositories;
  private final String authorization;

  /**
   * @param repositories the directory that the bare repositories are in
   * @param login {@code user:password}
   */
  GitServer(ServerKeys keys, Path repositories, String login) throws Exception {
    this.repositories = repositories;
    this.authorization =
        "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.US_ASCII));
    server = HttpsServer.create(new InetSocketAddress(HostProxy.LOOPBACK, 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(keys.tls()));
    server.createContext("/", this::answer);
    server.setExecutor(Thread::startVirtualThread);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** A bare repository with one commit of one file. */
  static void repository(Path directory, String file, String text) throws Exception {
    String script =
        "git init -q -b main work && cd work && printf %s \"$2\" > \"$1\" && git add . &&"
            + " git -c user.name=test -c user.email=test@example.org commit -q -m first &&"
            + " git clone -q --bare . \"$0\"";
    Process git =
        new ProcessBuilder("sh", "-c", script, directory.toString(), file, text)
            .directory(directory.getParent().toFile())
            .inheritIO()
            .start();
    if (git.waitFor() != 0) {
      throw new IOException("git failed");
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Headers asked = exchange.getRequestHeaders();
      if (!authorization.equals(asked.getFirst("authorization"))) {
        exchange.getResponseHeaders().set("www-authenticate", "Basic realm=\"git\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      ProcessBuilder builder = new ProcessBuilder("git", "http-backend");
      Map<String, String> environment = builder.environment();
      environment.put("GIT_PROJECT_ROOT", repositories.toString());
      environment.put("GIT_HTTP_EXPORT_ALL", "1");
      environment.put("GIT_CONFIG_COUNT", "1");
      environment.put("GIT_CONFIG_KEY_0", "safe.directory");
      environment.put("GIT_CONFIG_VALUE_0", "*");
      environment.put("REQUEST_METHOD", exchange.getRequestMethod());
      environment.put("PATH_INFO", exchange.getRequestURI().getPath());
      set(environment, "QUERY_STRING", exchange.getRequestURI().getRawQuery());
      set(environment, "CONTENT_TYPE", asked.getFirst("content-type"));
      set(environment, "HTTP_CONTENT_ENCODING", asked.getFirst("content-encoding"));
      set(environment, "GIT_PROTOCOL", asked.getFirst("git-protocol"));
      Process git = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (OutputStream in = git.getOutputStream()) {
        exchange.getRequestBody().transferTo(in);
      }
      try (InputStream out = new BufferedInputStream(git.getInputStream())) {
        exchange.sendResponseHeaders(headers(out, exchange.getResponseHeaders()), 0);
        out.transferTo(exchange.getResponseBody());
      }
    }
  }

  private static void set(Map<String, String> environment, String name, String value) {
    if (value != null) {
      environment.put(name, value);
    }
  }

  /** Reads what a CGI program (RFC 3875) says before its body; returns the status. */
  private static int headers(InputStream from, Headers into) throws IOException {
    int status = 200;
    StringBuilder line = new StringBuilder();
    for (int next = from.read(); next >= 0; next = from.read()) {
      if (next != '\n') {
        line.append((char) next);
        continue;
      }
      String field = line.toString().strip();
      line.setLength(0);
      if (field.isEmpty()) {
        return status;
      }
      int colon = field.indexOf(':');
      String value = field.substring(colon + 1).strip();
      if (field.substring(0, colon).equalsIgnoreCase("status")) {
        status = Integer.parseInt(value.substring(0, 3));
      } else {
        into.set(field.substring(0, colon), value);
      }
    }
    throw new IOException("git http-backend said nothing");
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
