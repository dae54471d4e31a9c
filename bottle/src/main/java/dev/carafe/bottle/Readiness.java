package dev.carafe.bottle;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.bottle.manifest.Manifest;
import dev.carafe.bottle.manifest.ManifestException;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestProblem;
import dev.carafe.bottle.provider.ProviderException;
import dev.carafe.bottle.provider.Providers;
import dev.carafe.bottle.provision.Skills;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What keeps agents and bottles from being started, as far as files of this computer say: neither
 * credentials nor images are looked at. Reads; changes nothing. Any thread.
 */
public final class Readiness {
  private final ManifestIndex index;
  private final Providers providers;
  private final Path home;

  /**
   * Blocks while it reads the providers' files.
   *
   * @param env where {@code HOME} is looked up
   */
  public Readiness(ManifestIndex index, Map<String, String> env) {
    this.index = index;
    providers = Providers.find(index.places(), env);
    home = Path.of(env.getOrDefault("HOME", System.getProperty("user.home")));
  }

  /**
   * A sentence for each thing that keeps an agent from being started; none if nothing does.
   *
   * @param bottles those that were chosen; empty: those that the agent names
   */
  public List<String> problems(String agent, List<String> bottles) {
    Manifest manifest;
    try {
      manifest = index.load(agent, bottles);
    } catch (ManifestException e) {
      return sentences(e);
    }
    List<String> all = new ArrayList<>();
    if (manifest.bottle().provider().isEmpty()) {
      all.add(
          "bottle '"
              + String.join(", ", manifest.bottle().names())
              + "' names no program: give it agent_provider");
    }
    manifest.bottle().provider().ifPresent(declared -> unknown(declared, all));
    try {
      Skills.find(manifest.agent(), index.places(), home);
    } catch (BottleException e) {
      e.getMessage().lines().forEach(all::add);
    }
    return all;
  }

  /** The same for a bottle by itself; one that names no program may be for others to extend. */
  public List<String> problems(String bottle) {
    List<String> all = new ArrayList<>();
    try {
      index.bottle(List.of(bottle)).provider().ifPresent(declared -> unknown(declared, all));
    } catch (ManifestException e) {
      return sentences(e);
    }
    return all;
  }

  private static List<String> sentences(ManifestException e) {
    return e.problems().stream().map(ManifestProblem::sentence).toList();
  }

  private void unknown(AgentProvider declared, List<String> all) {
    try {
      providers.named(declared.template());
    } catch (ProviderException e) {
      e.getMessage().lines().forEach(all::add);
    }
  }
}
