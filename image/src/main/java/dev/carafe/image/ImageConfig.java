package dev.carafe.image;

import java.util.List;
import java.util.Optional;

/**
 * What an image says about how to run it: the part of an OCI image configuration that Carafe
 * honours.
 *
 * @param env {@code NAME=value}
 * @param directory absolute; empty for {@code /}
 * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}; empty for root
 */
public record ImageConfig(
    List<String> env,
    Optional<String> directory,
    Optional<String> user,
    List<String> entrypoint,
    List<String> cmd,
    String architecture,
    String os) {
  public ImageConfig {
    env = List.copyOf(env);
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
  }
}
