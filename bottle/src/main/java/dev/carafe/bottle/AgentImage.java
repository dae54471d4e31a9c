package dev.carafe.bottle;

import dev.carafe.bottle.provider.Recipe;

/** Which image a bottle's machine is made from, and why. */
public sealed interface AgentImage {
  /** What the image is called in the store. */
  String reference();

  /** Why this one, for people. */
  String why();

  /** One that somebody has named. */
  record Named(String reference, String why) implements AgentImage {}

  /** One that a bottle was frozen to. */
  record Frozen(String reference, String why) implements AgentImage {}

  /**
   * One that is made by a recipe, once.
   *
   * @param made whether that was done already
   */
  record ByRecipe(Recipe recipe, String reference, boolean made, String why)
      implements AgentImage {}
}
