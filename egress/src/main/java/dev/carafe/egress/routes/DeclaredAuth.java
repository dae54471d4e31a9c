package dev.carafe.egress.routes;

import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.yaml.Position;

/**
 * A credential as it was declared: its secret has not been fetched.
 *
 * @param header lower-case name of the header that carries it
 * @param prefix what stands before the secret: {@code "Bearer "}, {@code "token "}, {@code "Basic
 *     "}, nothing
 * @param at where the reference stands in its file
 */
public record DeclaredAuth(String header, String prefix, SecretReference reference, Position at) {

  /** Whether it is the same credential, wherever it was declared. */
  boolean sameAs(DeclaredAuth other) {
    return header.equals(other.header)
        && prefix.equals(other.prefix)
        && reference.equals(other.reference);
  }
}
