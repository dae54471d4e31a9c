package dev.carafe.bottle.manifest;

import java.nio.file.Path;
import java.util.List;

/**
 * An agent: what it is to do. Never what it may do.
 *
 * @param prompt its system prompt; may be empty
 * @param bottles those it names, in order; may be none, and need not exist
 * @param skills names of skills
 */
public record Agent(
    String name,
    Origin origin,
    Path file,
    String prompt,
    List<String> bottles,
    List<String> skills,
    GitUser gitUser) {

  public Agent {
    bottles = List.copyOf(bottles);
    skills = List.copyOf(skills);
  }
}
