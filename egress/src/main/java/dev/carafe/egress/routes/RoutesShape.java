package dev.carafe.egress.routes;

import dev.carafe.egress.yaml.SchemaWriter;
import dev.carafe.egress.yaml.Shape;
import dev.carafe.egress.yaml.Shape.Keys;
import dev.carafe.egress.yaml.Shape.ListOf;
import dev.carafe.egress.yaml.Shape.Named;
import dev.carafe.egress.yaml.Shape.OneOf;
import dev.carafe.egress.yaml.Shape.Text;
import dev.carafe.egress.yaml.Shape.Truth;
import dev.carafe.egress.yaml.Shape.Whole;
import java.util.List;

/** What a routes file may hold. */
public final class RoutesShape {
  static final int MOST_BYTES = 256 * 1024;

  /** Routes of one bottle. */
  public static final int MOST_ROUTES = 500;

  /** Address ranges of one bottle. */
  public static final int MOST_ALLOWED = 64;

  /** Files with certificates of one bottle. */
  public static final int MOST_AUTHORITIES = 32;

  static final int MOST_EXPRESSION = 500;

  static final String NO_LITERAL =
      "'token' must say where the secret comes from, with env, file, command or keyring; a secret"
          + " itself is never written into this file (if it was one, replace it: it has been on disk)";

  /** Where a secret comes from. */
  public static final Shape TOKEN =
      Keys.of("Where the secret comes from; never the secret itself.")
          .optional("env", new Text("Name of an environment variable of the proxy.", 200))
          .optional(
              "file",
              new Text(
                  "Path of a file; relative to this file, ~/ is the home directory. Keep it"
                      + " readable for its owner only.",
                  4000))
          .optional(
              "field",
              new Text(
                  "Beside file: which field of that JSON file, keys with dots between them, as"
                      + " tokens.access_token.",
                  200))
          .optional(
              "command",
              new ListOf(
                  "A program and its arguments, without a shell, that prints the secret within 10"
                      + " seconds.",
                  new Text("The program, or an argument.", 4000),
                  1,
                  32))
          .optional(
              "keyring",
              new Named(
                  "Attributes of an entry in the desktop's keyring (secret-tool).",
                  new Text("The attribute's value.", 200),
                  8))
          .exactlyOne("env", "file", "command", "keyring")
          .instead(NO_LITERAL);

  private static final Shape AUTH =
      Keys.of("The credential that is added to requests; the agent never sees it.")
          .optional(
              "scheme",
              Shape.choice(
                  "How the Authorization header says it: Bearer SECRET, token SECRET, or Basic with"
                      + " the secret user:password.",
                  "bearer",
                  "token",
                  "basic"))
          .optional("header", new Text("A header that carries the bare secret.", 100))
          .optional(
              "cleartext",
              new Truth("Send the credential also without TLS, to a server on this host."))
          .required("token", TOKEN)
          .exactlyOne("scheme", "header");

  private static final Shape PATH =
      Keys.of("What the path, without its query, must be.")
          .required(
              "type",
              Shape.choice(
                  "Exact: the path; PathPrefix: the path or what is below it, by whole segments;"
                      + " RegularExpression: an RE2 expression for the whole path.",
                  "Exact",
                  "PathPrefix",
                  "RegularExpression"))
          .required("value", new Text("Starts with a slash, unless it is an expression.", 2000));

  private static final Shape HEADER =
      Keys.of("A header that the request must have exactly once.")
          .required("name", new Text("Its name.", 100))
          .optional(
              "type",
              Shape.choice(
                  "Exact: the value; RegularExpression: an RE2 expression for the whole value."
                      + " Exact if left out.",
                  "Exact",
                  "RegularExpression"))
          .required("value", new Text("What its value must be.", 2000));

  private static final Shape MATCH =
      Keys.of("Conditions that hold together.")
          .optional("path", PATH)
          .optional("method", new Text("A method, in capital letters.", 32))
          .optional("headers", new ListOf("All of these.", HEADER, 1, 16));

  private static final Shape DLP =
      Keys.of("What is looked for in what passes.")
          .optional(
              "outbound",
              Shape.choice(
                  "When something that may not leave is found: refuse the request, overwrite it, or"
                      + " do not look. block if left out.",
                  "block",
                  "redact",
                  "off"))
          .optional(
              "inbound",
              Shape.choice(
                  "The same for instructions hidden in answers; known secrets are masked in any"
                      + " case. off if left out.",
                  "block",
                  "redact",
                  "off"))
          .optional("entropy", new Truth("Also look for text that looks random."));

  private static final Shape ROUTE =
      Keys.of("One allowed destination.")
          .required(
              "host", new Text("A host name, or *. and a name for all hosts below that one.", 300))
          .optional(
              "port",
              new Whole("443 for https and 80 for http if left out; else this one.", 1, 65_535))
          .optional(
              "matches",
              new ListOf("One of these must hold; all requests if left out.", MATCH, 1, 64))
          .optional("auth", AUTH)
          .optional("git", Shape.choice("Git may fetch over https here, never push.", "fetch"))
          .optional("dlp", DLP)
          .optional(
              "tls",
              Shape.choice(
                  "intercept: read and check what passes; pass: hand TLS through unread."
                      + " intercept if left out.",
                  "intercept",
                  "pass"));

  /** A list of routes. */
  public static final Shape ROUTES = new ListOf("The allowed destinations.", ROUTE, 0, MOST_ROUTES);

  /** A list of address ranges. */
  public static final Shape ALLOW =
      new ListOf(
          "Address ranges that may be dialled although loopback, private, link-local and metadata"
              + " addresses are refused.",
          new Text("Such as 10.1.0.0/16, or one address.", 50),
          1,
          MOST_ALLOWED);

  private static final Text CA_FILE =
      new Text(
          "Path of a PEM file with certificates that are trusted upstream besides the host's own;"
              + " relative to this file.",
          4000);

  /** The path of a file with certificates, or several. */
  public static final Shape CA =
      new OneOf(
          "Certificates that are trusted upstream besides the host's own.",
          List.of(CA_FILE, new ListOf("Several files.", CA_FILE, 1, MOST_AUTHORITIES)));

  /** How much of the requests the audit keeps. */
  public static final Shape LOG =
      new Whole(
          "What the audit keeps: 0 no requests, 1 those that were blocked or failed, 2 all. 2 if"
              + " left out.",
          0,
          2);

  static final Shape FILE =
      Keys.of("What a bottle may reach through the egress proxy; all else is refused.")
          .required("version", new Whole("Of this format.", 1, 1))
          .required("routes", ROUTES)
          .optional("allow", ALLOW)
          .optional("ca", CA)
          .optional("log", LOG);

  private RoutesShape() {}

  /** The JSON Schema of routes files, for editors. */
  public static String schema() {
    return SchemaWriter.schema("Carafe egress routes", FILE);
  }
}
