package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.egress.routes.DeclaredRoute;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A provider that a file of the user's declares. */
record DeclaredProvider(
    String name,
    Program program,
    Optional<String> image,
    Optional<Recipe> recipe,
    Map<String, String> env,
    Map<String, String> files,
    List<DeclaredRoute> routes)
    implements Provider {

  @Override
  public Program program(AgentProvider declared) throws ProviderException {
    if (!declared.settings().isEmpty()) {
      throw new ProviderException(
          "the provider " + name + " has no settings; take 'settings' away in the bottle");
    }
    return program;
  }

  @Override
  public Provision provision(ProvisionRequest request) throws ProviderException {
    program(request.declared());
    if (request.declared().authToken().isPresent() || request.declared().forwardHostCredentials()) {
      throw new ProviderException(
          "the provider "
              + name
              + " has its credentials in its own routes; take 'auth_token' and"
              + " 'forward_host_credentials' away in the bottle");
    }
    List<GuestFile> placed = new ArrayList<>();
    files.forEach(
        (path, content) ->
            placed.add(
                GuestFile.of(
                    path.startsWith("~/") ? request.home() + path.substring(1) : path,
                    content
                        .replace("{home}", request.home())
                        .replace("{workspace}", request.workspace()))));
    return new Provision(env, Set.of(), placed, routes, List.of());
  }
}
