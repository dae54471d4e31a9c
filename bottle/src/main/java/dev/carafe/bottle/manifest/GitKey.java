package dev.carafe.bottle.manifest;

import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;

/** With which key the git gate of a bottle speaks to a repository's server; the guest has none. */
public sealed interface GitKey {
  /** For people; nothing in it is secret. */
  String words();

  /** The private key in a file of this host. */
  record Static(Path path) implements GitKey {
    @Override
    public String words() {
      return "the key in " + path;
    }
  }

  /**
   * A deploy key that is made at the start of the bottle, by Gitea's interface, and taken away at
   * its end.
   *
   * @param token the credential that may do so
   */
  record Gitea(SecretReference token) implements GitKey {
    @Override
    public String words() {
      return "a deploy key of Gitea's, made with " + token.name();
    }
  }
}
