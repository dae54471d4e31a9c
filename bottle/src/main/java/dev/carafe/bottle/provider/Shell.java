package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import java.util.List;
import java.util.Optional;

/** Any command: {@code settings.command}, a list. No routes of its own, no prompt. */
final class Shell implements Provider {
  static final String NAME = "shell";
  private static final String COMMAND = "command";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Program program(AgentProvider declared) throws ProviderException {
    for (String key : declared.settings().keySet()) {
      if (!key.equals(COMMAND)) {
        throw new ProviderException(
            "the provider shell knows only the setting 'command'; take '" + key + "' away");
      }
    }
    Object command = declared.settings().getOrDefault(COMMAND, List.of("/bin/sh"));
    if (!(command instanceof List<?> words)
        || words.isEmpty()
        || !words.stream().allMatch(String.class::isInstance)
        || words.getFirst().equals("")) {
      throw new ProviderException(
          "the provider shell runs 'settings.command', which must be a list of words, as"
              + " [/bin/sh, -l]");
    }
    return new Program(
        words.stream().map(String.class::cast).toList(),
        PromptMode.NONE,
        List.of(),
        List.of(),
        Optional.empty());
  }

  @Override
  public Optional<Recipe> recipe() {
    return Optional.of(Recipe.builtIn(Recipe.TOOLS));
  }

  @Override
  public Provision provision(ProvisionRequest request) throws ProviderException {
    program(request.declared());
    if (request.declared().authToken().isPresent() || request.declared().forwardHostCredentials()) {
      throw new ProviderException(
          "the provider shell has no model and takes no credential; a route can have one");
    }
    return Provision.none();
  }
}
