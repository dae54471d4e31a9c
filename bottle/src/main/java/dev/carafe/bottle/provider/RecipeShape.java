package dev.carafe.bottle.provider;

import dev.carafe.egress.routes.RoutesShape;
import dev.carafe.egress.yaml.Shape;
import dev.carafe.egress.yaml.Shape.Keys;
import dev.carafe.egress.yaml.Shape.ListOf;
import dev.carafe.egress.yaml.Shape.Named;
import dev.carafe.egress.yaml.Shape.Text;
import dev.carafe.egress.yaml.Shape.Whole;

/** What a recipe may hold. */
final class RecipeShape {
  static final int MOST_STEPS = 50;
  static final int LEAST_MEMORY = 128;
  static final int MOST_MEMORY = 65_536;
  private static final int MOST_SCRIPT = 16_384;

  private static final Shape STEP =
      Keys.of("A script for /bin/sh -eu.")
          .optional("root", new Text("By root.", MOST_SCRIPT))
          .optional("user", new Text("By the recipe's user, in its home.", MOST_SCRIPT))
          .exactlyOne("root", "user");

  static final Keys RECIPE =
      Keys.of("How an agent's image is made: steps that run in a machine of the base image.")
          .required(
              "base",
              new Text(
                  "The image that is begun with; base is Carafe's own, recipe:tools one with git, ripgrep, node"
                      + " and npm.",
                  500))
          .required("user", new Text("Whom the agent runs as.", 32))
          .optional(
              "env",
              new Named("Of the steps and of the image.", new Text("The value.", 0, 8192), 100))
          .required("steps", new ListOf("In their order.", STEP, 1, MOST_STEPS))
          .optional(
              "registries",
              new ListOf(
                  "What this host is configured with, and the steps fetch from.",
                  Shape.choice(
                      "apt: the mirrors of this host's apt; npm: its npm registry, which the steps"
                          + " find in npm_config_registry.",
                      "apt",
                      "npm"),
                  0,
                  2))
          .optional("routes", RoutesShape.ROUTES)
          .optional(
              "memory",
              new Whole(
                  "MiB of the machine in which the steps run; 2048 if left out.",
                  LEAST_MEMORY,
                  MOST_MEMORY))
          .not("image", "'image' is called 'base' in a recipe")
          .not("from", "'from' is called 'base' here")
          .not("run", "'run' is one of 'steps' here: - root: …, or - user: …")
          .not("dockerfile", "no Dockerfile is built here; write its commands as 'steps'");

  private RecipeShape() {}
}
