package dev.carafe.bottle;

import dev.carafe.bottle.manifest.Manifest;
import dev.carafe.bottle.policy.BottleEnv;
import dev.carafe.bottle.policy.BottlePolicy;
import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.provider.Program;
import dev.carafe.bottle.provider.Provider;
import dev.carafe.bottle.provider.Provision;
import dev.carafe.bottle.provision.Skills;
import dev.carafe.bottle.provision.Workspace;
import dev.carafe.bottle.state.BottleRecord.Phase;
import java.util.List;
import java.util.Optional;

/**
 * What a launch will do, as far as it can be known before. Nothing in it is secret, and making it
 * has changed nothing.
 *
 * @param slug the bottle's name, and its machine's
 * @param image what its machine is made from
 * @param workspace what is copied in; empty if nothing is, or it has been
 * @param label what the session is called
 * @param beginning what it begins with
 * @param notes sentences for the operator
 */
public record Plan(
    BottleSpec spec,
    String slug,
    Manifest manifest,
    Provider provider,
    Program program,
    Provision provision,
    AgentImage image,
    BottlePolicy policy,
    BottleEnv env,
    Skills skills,
    Optional<Workspace> workspace,
    String label,
    Optional<Color> color,
    Beginning beginning,
    List<String> notes) {

  /** What a bottle begins with. */
  public enum Beginning {
    /** An image, and a workspace that is copied into it. */
    NEW,
    /** The image that an earlier session was frozen to. */
    FROZEN,
    /** The machine that an earlier session has left. */
    MACHINE;

    /**
     * What a bottle goes on with that has been started before.
     *
     * @param machine whether there is a machine of its name
     * @param frozen what it was last frozen to
     */
    static Beginning of(Phase phase, boolean machine, Optional<String> frozen) {
      boolean usable = phase == Phase.READY || phase == Phase.RESUMED || phase == Phase.KEPT;
      if (usable && machine) {
        return MACHINE;
      }
      return frozen.isPresent() ? FROZEN : NEW;
    }

    /** Whether the agent has worked in it before. */
    public boolean resumed() {
      return this != NEW;
    }
  }

  public Plan {
    notes = List.copyOf(notes);
  }

  /**
   * The same, with another label.
   *
   * @param given what the provider gives it, which may show the label
   */
  Plan labelled(String other, Provision given) {
    return new Plan(
        spec, slug, manifest, provider, program, given, image, policy, env, skills, workspace,
        other, color, beginning, notes);
  }
}
