package dev.carafe.bottle.provider;

import dev.carafe.egress.routes.RoutesShape;
import dev.carafe.egress.yaml.SchemaWriter;
import dev.carafe.egress.yaml.Shape;
import dev.carafe.egress.yaml.Shape.Keys;
import dev.carafe.egress.yaml.Shape.ListOf;
import dev.carafe.egress.yaml.Shape.Named;
import dev.carafe.egress.yaml.Shape.OneOf;
import dev.carafe.egress.yaml.Shape.Text;
import java.util.List;

/** What the front matter of a provider's file may hold. */
public final class ProviderShape {
  private static final int MOST_WORDS = 50;
  private static final int MOST_FILES = 50;
  private static final int MOST_CONTENT = 32_768;

  private static Shape words(String about, int least) {
    return new ListOf(about, new Text("A word; no shell reads it.", 0, 4000), least, MOST_WORDS);
  }

  private static final Shape HEADLESS =
      Keys.of("How it does one task without a terminal; it cannot, if left out.")
          .optional("words", words("Right after the command, as [exec] or [-p].", 0))
          .optional(
              "prompt",
              words(
                  "The last arguments, with {prompt} in one of them for the task's text;"
                      + " ['--', '{prompt}'] if left out.",
                  1));

  private static final Shape FILES =
      new Named(
          "Files that are put into the bottle, by their paths: ~/ is the agent's home, all others"
              + " begin with a slash. {home} and {workspace} stand for these directories.",
          new Text("The file's content.", 0, MOST_CONTENT),
          0,
          MOST_FILES);

  static final Keys PROVIDER =
      Keys.of("An agent program. The text below the keys is for you.")
          .required("command", words("The program, and what always follows it.", 1))
          .optional("image", new Text("The image that it is in.", 500))
          .optional(
              "recipe",
              new OneOf(
                  "How that image is made, instead; or the path of a file that says so, relative"
                      + " to this one.",
                  List.of(new Text("A path.", 4000), RecipeShape.RECIPE)))
          .optional(
              "prompt_mode",
              Shape.choice(
                  "append-file: --append-system-prompt-file FILE, before your arguments;"
                      + " read-prompt-file: a first message that says which file to read, after"
                      + " them; none: the agent's prompt is not given. none if left out.",
                  "append-file",
                  "read-prompt-file",
                  "none"))
          .optional(
              "unattended", words("What makes it ask for no permissions; it need not here.", 0))
          .optional("resume", words("What makes it go on with its last session.", 0))
          .optional("headless", HEADLESS)
          .optional(
              "env", new Named("Environment variables.", new Text("The value.", 0, 8192), 0, 200))
          .optional("files", FILES)
          .optional("routes", RoutesShape.ROUTES)
          .not("name", "a provider's name is its file's; take 'name' away")
          .not("template", "a provider's name is its file's; take 'template' away")
          .not("egress", "'egress' belongs to bottles; a provider has 'routes'")
          .not("dockerfile", "'dockerfile' is not known: name an image, or a recipe")
          .not("auth_token", "'auth_token' belongs to bottles; a route here has its 'auth'");

  private ProviderShape() {}

  /** The JSON Schema of the front matter of providers, for editors. */
  public static String schema() {
    return SchemaWriter.schema("Carafe provider", PROVIDER);
  }
}
