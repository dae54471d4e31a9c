package dev.carafe.bottle.manifest;

/** One agent, and the bottle that it runs in. */
public record Manifest(Agent agent, EffectiveBottle bottle) {

  /** Whom git names as the author: what the agent says, and for the rest what the bottle says. */
  public GitUser gitUser() {
    return agent.gitUser().over(bottle.gitUser());
  }
}
