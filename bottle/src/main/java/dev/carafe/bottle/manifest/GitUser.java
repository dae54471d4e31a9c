package dev.carafe.bottle.manifest;

import java.util.Optional;

/**
 * Whom git in the guest names as the author. It is a claim of whoever wrote it, and proves nothing.
 */
public record GitUser(Optional<String> name, Optional<String> email) {
  static final GitUser NOBODY = new GitUser(Optional.empty(), Optional.empty());

  /** What is said here, and for the rest what is said there. */
  GitUser over(GitUser below) {
    return new GitUser(name.or(below::name), email.or(below::email));
  }

  @Override
  public String toString() {
    return (name.orElse("") + email.map(e -> " <" + e + ">").orElse("")).strip();
  }
}
