package dev.carafe.bottle.manifest;

import java.util.Optional;

/**
 * A repository that a bottle's git gate serves.
 *
 * @param name under which the gate serves it
 * @param hostKey what the server's key must be, as {@code ssh-ed25519 AAAA…}
 */
public record GitRepo(String name, SshUrl url, GitKey key, Optional<String> hostKey) {}
