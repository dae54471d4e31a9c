package dev.carafe.image.registry;

import com.google.cloud.tools.jib.api.Credential;
import dev.carafe.image.source.ContentSource;
import dev.carafe.image.source.Manifest;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Digests;
import dev.carafe.image.tar.BadArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads one repository of a registry (OCI distribution specification 1.1, Docker's token
 * specification). Written on the JDK's client although Jib has one: Jib gives a manifest parsed,
 * not as the bytes that its digest is of, and reads it whole whatever its length; a content store
 * needs the bytes and a limit. See docs/decisions/0002-registry-client.md.
 *
 * <p>Safe for use by several threads; every call blocks.
 */
public final class RegistryClient implements ContentSource, AutoCloseable {
  private static final int MOST_REDIRECTS = 5;
  private static final int MOST_TOKEN_BYTES = 1 << 20;
  private static final JsonMapper JSON = new JsonMapper();

  private final RegistryName name;
  private final Credentials credentials;
  private final RegistryHttp http;
  private volatile String scheme = "";
  private volatile String authorization = "";

  /**
   * @param environment for proxies and certificates
   */
  public RegistryClient(RegistryName name, Credentials credentials, Map<String, String> environment)
      throws IOException {
    this.name = name;
    this.credentials = credentials;
    http = new RegistryHttp(environment);
  }

  /** The manifest or index that the name's tag or digest stands for now. */
  public byte[] top() throws IOException {
    return manifest(name.qualifier());
  }

  @Override
  public byte[] manifest(Descriptor manifest) throws IOException {
    return manifest(manifest.digest());
  }

  private byte[] manifest(String reference) throws IOException {
    String path = "/v2/" + name.repository() + "/manifests/" + reference;
    HttpResponse<InputStream> response = get(path, String.join(", ", Manifest.mediaTypes()), 0);
    byte[] bytes;
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        throw refused(response.statusCode());
      }
      bytes = body.readNBytes(Manifest.MOST_BYTES + 1);
    }
    if (bytes.length > Manifest.MOST_BYTES) {
      throw new BadArchiveException(
          "its manifest is larger than " + Manifest.MOST_BYTES + " bytes");
    }
    if (Digests.isDigest(reference) && !Digests.of(bytes).equals(reference)) {
      throw new BadArchiveException(
          "the registry sent another manifest than the one with the digest " + reference);
    }
    return bytes;
  }

  @Override
  public InputStream blob(Descriptor blob) throws IOException {
    return new BlobStream(from -> openBlob(blob, from));
  }

  /** Opens a blob at a position; the registry may begin at 0 all the same. */
  private BlobStream.Part openBlob(Descriptor blob, long from) throws IOException {
    String path = "/v2/" + name.repository() + "/blobs/" + blob.digest();
    HttpResponse<InputStream> response = get(path, "*/*", from);
    int status = response.statusCode();
    if (status == 200 || status == 206 && from > 0) {
      return new BlobStream.Part(response.body(), status == 206 ? from : 0);
    }
    response.body().close();
    throw refused(status);
  }

  private RegistryException refused(int status) {
    String where = "the registry " + name.host();
    return new RegistryException(
        switch (status) {
          case 401, 403 ->
              where
                  + " does not let us have "
                  + name.repository()
                  + (authorization.isEmpty() ? "" : " with the credentials it was given")
                  + ": either there is no such image, or a login is missing; `docker login "
                  + name.host()
                  + "` writes one to "
                  + credentials.file();
          case 404 -> where + " has no " + name.repository() + " " + name.qualifier();
          case 429 -> where + " says that we ask too often; wait, or log in";
          default -> where + " answered with status " + status;
        });
  }

  /** Sends a GET, authorizing and following redirects where needed. */
  private HttpResponse<InputStream> get(String path, String accept, long from) throws IOException {
    URI uri = URI.create(scheme() + "://" + name.host() + path);
    HttpResponse<InputStream> response = send(uri, accept, from, true);
    if (response.statusCode() == 401) {
      response.body().close();
      Optional<Challenge> challenge =
          Challenge.of(response.headers().allValues("WWW-Authenticate"));
      if (challenge.isEmpty() || !authorize(challenge.get())) {
        throw refused(401);
      }
      response = send(uri, accept, from, true);
    }
    for (int i = 0; isRedirect(response.statusCode()); i++) {
      response.body().close();
      String location = response.headers().firstValue("Location").orElse("");
      if (i == MOST_REDIRECTS || location.isEmpty()) {
        throw new RegistryException("the registry " + name.host() + " redirects us in circles");
      }
      URI next = redirected(uri, location);
      // The credentials are for the registry and for nobody it sends us to.
      response = send(next, accept, from, next.getAuthority().equals(name.host()));
      uri = next;
    }
    return response;
  }

  private URI redirected(URI from, String location) throws IOException {
    try {
      URI next = from.resolve(location);
      boolean plain = "http".equals(next.getScheme());
      if (next.getAuthority() != null
          && ("https".equals(next.getScheme()) || plain && name.isLoopback())) {
        return next;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new RegistryException(
        "the registry " + name.host() + " redirects us to a place that is not reached over TLS");
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private HttpResponse<InputStream> send(URI uri, String accept, long from, boolean authorized)
      throws IOException {
    HttpRequest.Builder request = RegistryHttp.request(uri).header("Accept", accept);
    if (authorized && !authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    return http.send(request.build());
  }

  /** TLS, unless a registry on this host answers in the clear. */
  private String scheme() throws IOException {
    if (scheme.isEmpty()) {
      scheme = name.isLoopback() && speaksPlainHttp() ? "http" : "https";
    }
    return scheme;
  }

  /**
   * Asked in the clear first, because that question is always answered at once: a server that
   * expects TLS hangs up or says 400, one that does not expect it may wait for more of our
   * greeting.
   */
  private boolean speaksPlainHttp() throws IOException {
    try {
      URI uri = URI.create("http://" + name.host() + "/v2/");
      HttpResponse<InputStream> response = http.sendOnce(RegistryHttp.request(uri).build());
      response.body().close();
      return response.statusCode() != 400;
    } catch (RegistryException e) {
      throw e;
    } catch (IOException e) {
      return false;
    }
  }

  /** Gets what the challenge asks for; false when there is nothing to try. */
  private boolean authorize(Challenge challenge) throws IOException {
    Optional<Credential> credential = credentials.of(name.host());
    if (challenge.scheme().equals("basic")) {
      credential.ifPresent(known -> authorization = basic(known));
      return credential.isPresent();
    }
    authorization = "Bearer " + token(challenge, credential);
    return true;
  }

  private String token(Challenge challenge, Optional<Credential> credential) throws IOException {
    URI realm = realm(challenge.parameters().getOrDefault("realm", ""));
    String query =
        "service="
            + encode(challenge.parameters().getOrDefault("service", ""))
            + "&scope="
            + encode("repository:" + name.repository() + ":pull");
    HttpRequest request;
    if (credential.isPresent() && credential.get().isOAuth2RefreshToken()) {
      request =
          RegistryHttp.request(realm)
              .header("Content-Type", "application/x-www-form-urlencoded")
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      query
                          + "&grant_type=refresh_token&client_id=carafe&refresh_token="
                          + encode(credential.get().getPassword())))
              .build();
    } else {
      String separator = realm.getRawQuery() == null ? "?" : "&";
      HttpRequest.Builder get = RegistryHttp.request(URI.create(realm + separator + query));
      credential.ifPresent(known -> get.header("Authorization", basic(known)));
      request = get.build();
    }
    HttpResponse<InputStream> response = http.send(request);
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        throw refused(response.statusCode());
      }
      JsonNode answer = JSON.readTree(body.readNBytes(MOST_TOKEN_BYTES));
      String token = answer.path("token").asString(answer.path("access_token").asString(""));
      if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 127)) {
        throw new RegistryException(realm.getAuthority() + " gave no token");
      }
      return token;
    } catch (JacksonException e) {
      // The cause could quote the token.
      throw new RegistryException(realm.getAuthority() + " answered with something else than JSON");
    }
  }

  private URI realm(String text) throws RegistryException {
    try {
      URI realm = URI.create(text);
      boolean plain = "http".equals(realm.getScheme());
      if (realm.getHost() != null
          && ("https".equals(realm.getScheme()) || plain && name.isLoopback())) {
        return realm;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new RegistryException(
        "the registry " + name.host() + " wants a login at a place that is not reached over TLS");
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String basic(Credential credential) {
    String both = credential.getUsername() + ":" + credential.getPassword();
    return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    http.close();
  }
}
