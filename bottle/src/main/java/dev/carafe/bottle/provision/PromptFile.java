package dev.carafe.bottle.provision;

import dev.carafe.machine.Machine;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The file with the agent's system prompt. */
public final class PromptFile {
  private PromptFile() {}

  /** Where it is, for a user with this home directory. */
  public static String path(String home) {
    return home + "/.carafe/prompt.md";
  }

  /**
   * Writes the prompt into {@code ~/.carafe/prompt.md}, for its owner only. It is always written,
   * so that none of an earlier session is found there.
   *
   * @return the file; empty when there is no prompt in it
   */
  public static Optional<String> put(
      Machine machine, GuestUser user, String prompt, Injected injected) {
    String path = path(user.home());
    injected.add(user.directory());
    GuestFiles.putAlone(machine, user, path, prompt.getBytes(StandardCharsets.UTF_8));
    return prompt.isBlank() ? Optional.empty() : Optional.of(path);
  }
}
