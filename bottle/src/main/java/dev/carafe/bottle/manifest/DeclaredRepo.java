package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Position;
import java.nio.file.Path;
import java.util.Optional;

/** What one file, or several together, say of a repository; it may not be all that is needed. */
record DeclaredRepo(
    Path file, Position at, Optional<SshUrl> url, Optional<GitKey> key, Optional<String> hostKey) {

  /** What is said here, and for the rest what is said there. */
  DeclaredRepo over(DeclaredRepo below) {
    return new DeclaredRepo(
        file, at, url.or(below::url), key.or(below::key), hostKey.or(below::hostKey));
  }
}
