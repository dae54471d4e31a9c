package dev.carafe.egress.routes;

import dev.carafe.egress.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * A credential that is added to requests.
 *
 * @param header lower-case name of the header that carries it
 * @param prefix what stands before the secret: {@code "Bearer "}, {@code "token "}, {@code "Basic
 *     "}, nothing
 */
public record Auth(String header, String prefix, Secret secret) {

  /** The header's value. After {@code "Basic "} the secret, {@code user:password}, is in base64. */
  public String value() {
    byte[] bytes = secret.bytes();
    return prefix.equals("Basic ")
        ? prefix + Base64.getEncoder().encodeToString(bytes)
        : prefix + new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return "Auth[" + header + ", " + secret + "]";
  }
}
