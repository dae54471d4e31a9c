package dev.carafe.bottle.manifest;

import dev.carafe.egress.routes.RoutesShape;
import dev.carafe.egress.yaml.SchemaWriter;
import dev.carafe.egress.yaml.Shape;
import dev.carafe.egress.yaml.Shape.Anything;
import dev.carafe.egress.yaml.Shape.Keys;
import dev.carafe.egress.yaml.Shape.ListOf;
import dev.carafe.egress.yaml.Shape.Named;
import dev.carafe.egress.yaml.Shape.OneOf;
import dev.carafe.egress.yaml.Shape.Text;
import dev.carafe.egress.yaml.Shape.Truth;
import java.util.List;

/** What the front matter of agents and bottles may hold. */
public final class ManifestShape {
  static final int MOST_ENV = 200;
  static final int MOST_REPOS = 50;
  static final int MOST_BOTTLES = 20;
  private static final int MOST_SKILLS = 100;
  private static final int MOST_PATH = 4000;
  private static final int MOST_VALUE = 8192;
  private static final int MOST_SETTINGS = 100;

  private static final Shape USER =
      Keys.of("Whom git in the bottle names as the author. {} for nobody.")
          .optional("name", new Text("The author's name.", 200))
          .optional("email", new Text("The author's address.", 200));

  private static Shape secret(String about) {
    return new OneOf(
        about,
        List.of(new Text("Name of an environment variable of this host.", 200), RoutesShape.TOKEN));
  }

  private static Shape names(String about, String one) {
    Text name = new Text(one, ManifestName.MOST_LENGTH);
    return new OneOf(
        about, List.of(name, new ListOf("Several, in their order.", name, 0, MOST_BOTTLES)));
  }

  private static final Shape KEY =
      Keys.of("The key for the repository's server; the agent never has it.")
          .required(
              "provider",
              Shape.choice(
                  "static: a private key of this host; gitea: a deploy key made for this bottle.",
                  "static",
                  "gitea"))
          .optional("path", new Text("static: the private key's file; ~/ is home.", MOST_PATH))
          .optional(
              "provisioner_token", secret("gitea: the credential that may make deploy keys."));

  private static final Shape REPO =
      Keys.of("A repository that the bottle's git gate serves under this name.")
          .optional("url", new Text("ssh://USER@HOST[:PORT]/PATH", 1000))
          .optional("key", KEY)
          .optional("host_key", new Text("What the server's key must be: TYPE BASE64.", 2000))
          .not("identity", "'identity' is now written key: {provider: static, path: …}")
          .not(
              "provisioned_key",
              "'provisioned_key' is now written key: {provider: gitea, provisioner_token: …}")
          .not("extra_hosts", "'extra_hosts' is not known: the host must be found by its name");

  private static final Shape GIT =
      Keys.of("Git, by way of the gate.")
          .optional("user", USER)
          .optional("repos", new Named("Repositories. {} for none.", REPO, 0, MOST_REPOS));

  private static final Shape PROVIDER =
      Keys.of("Which program the agent is.")
          .required("template", new Text("claude, codex, shell, or another's name.", 64))
          .optional(
              "image", new Text("The image of its machine; the provider's own if left out.", 500))
          .optional(
              "recipe", new Text("A file by which the image is made; relative to this.", MOST_PATH))
          .optional("auth_token", secret("claude, codex: the credential for the model."))
          .optional(
              "forward_host_credentials",
              new Truth("The credential is the one that the program has on this host."))
          .optional("settings", new Anything("Keys that only the provider understands."))
          .not(
              "dockerfile",
              "'dockerfile' is not known: name an image with 'image', or a recipe with 'recipe'");

  private static final Shape ENV =
      new Named(
          "Environment variables: a value, ${NAME} for the value of a variable of this host, or"
              + " ?QUESTION to be asked at the start. $${ and ?? stand for ${ and ? themselves."
              + " {} for none.",
          new Text("The value, in quotes if it is no plain text.", 0, MOST_VALUE),
          0,
          MOST_ENV);

  private static final Shape EGRESS =
      Keys.of("What may be reached; replaces all that is inherited. {} for nothing.")
          .optional("log", RoutesShape.LOG)
          .optional("routes", RoutesShape.ROUTES)
          .optional("allow", RoutesShape.ALLOW)
          .optional("ca", RoutesShape.CA);

  private static final String IN_ROUTES = " belongs into 'egress', as 'routes' there";

  static final Keys BOTTLE =
      Keys.of("A bottle: what an agent in it is given, and what it may reach.")
          .optional("extends", names("The bottles that this one is made from.", "A bottle."))
          .optional("agent_provider", PROVIDER)
          .optional("env", ENV)
          .optional("git-gate", GIT)
          .optional("egress", EGRESS)
          .not("supervise", "'supervise' is not needed: every bottle is supervised")
          .not("git", "'git' is now called 'git-gate'")
          .not("ssh", "'ssh' is not known: write repositories into 'git-gate', as 'repos' there")
          .not("tokens", "'tokens' is not known: a route has its credential, as 'auth'")
          .not("cred_proxy", "'cred_proxy' is not known: a route has its credential, as 'auth'")
          .not("egress_proxy", "'egress_proxy' is now called 'egress'")
          .not("routes", "'routes'" + IN_ROUTES)
          .not(
              "path_allowlist",
              "'path_allowlist' is not known: a route has its paths, as 'matches'")
          .not("pipelock", "'pipelock' is not known: a route has its checks, as 'dlp'")
          .not("bottle", "'bottle' belongs to agents; a bottle is made from others with 'extends'")
          .not("skills", "'skills' belong to agents; a bottle has none");

  private static final Shape AGENT_GIT =
      Keys.of("Git.").optional("user", USER).not("repos", policy("repos"));

  private static final String UNUSED = "Of Claude Code's subagents; without effect here.";

  static final Keys AGENT =
      Keys.of("An agent: what it is to do. The text below the keys is its system prompt.")
          .optional(
              "bottle", names("The bottle that it runs in; several are put together.", "A bottle."))
          .optional(
              "skills",
              new ListOf(
                  "Skills that are copied into the bottle.",
                  new Text("The skill's name.", ManifestName.MOST_LENGTH),
                  0,
                  MOST_SKILLS))
          .optional("git-gate", AGENT_GIT)
          .optional("name", new Anything(UNUSED))
          .optional("description", new Anything(UNUSED))
          .optional("model", new Anything(UNUSED))
          .optional("color", new Anything(UNUSED))
          .optional("memory", new Anything(UNUSED))
          .not(
              "tools",
              "'tools' would have no effect here: what an agent may do is in its bottle; take it away")
          .not("bottles", "'bottles' is called 'bottle', also when it is a list")
          .not("env", policy("env"))
          .not("egress", policy("egress"))
          .not("extends", policy("extends"))
          .not("agent_provider", policy("agent_provider"))
          .not("git", "'git' is called 'git-gate', and an agent may only have 'user' in it");

  private ManifestShape() {}

  private static String policy(String key) {
    return "'"
        + key
        + "' is for bottles, which are files of your own directory; an agent can only name one";
  }

  static Shape settings() {
    return new Named("Settings of a provider.", new Anything("A setting."), 0, MOST_SETTINGS);
  }

  /** The JSON Schema of the front matter of agents, for editors. */
  public static String agentSchema() {
    return SchemaWriter.schema("Carafe agent", AGENT);
  }

  /** The JSON Schema of the front matter of bottles, for editors. */
  public static String bottleSchema() {
    return SchemaWriter.schema("Carafe bottle", BOTTLE);
  }
}
