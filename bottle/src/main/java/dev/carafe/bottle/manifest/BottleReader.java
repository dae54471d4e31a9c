package dev.carafe.bottle.manifest;

import dev.carafe.egress.routes.RouteDeclarations;
import dev.carafe.egress.secret.Literal;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a bottle's file: its form by {@link ManifestShape}, its sense here. */
final class BottleReader {
  private final Path path;
  private final Problems problems = new Problems();
  private final RouteDeclarations declarations;

  private BottleReader(Path path, Map<String, String> env) {
    this.path = path;
    this.declarations = new RouteDeclarations(path, env, problems);
  }

  /**
   * @param env where {@code HOME} is looked up
   */
  static BottleFile read(String name, Path path, byte[] bytes, Map<String, String> env) {
    return new BottleReader(path, env).read(name, bytes);
  }

  private BottleFile read(String name, byte[] bytes) {
    Fields keys =
        FrontMatter.read(bytes, problems)
            .map(FrontMatter::keys)
            .orElse(new Fields(Position.START, List.of()));
    ManifestShape.BOTTLE.check(keys, "a bottle", problems);
    List<Named> parents = Named.read(keys, "extends", problems);
    Optional<Map<String, EnvValue>> env = keys.fields("env").map(new EnvReader(problems)::read);
    Optional<Fields> git = keys.fields("git-gate");
    GitReader reader = new GitReader(path, declarations, problems);
    Optional<GitUser> user =
        git.flatMap(g -> g.fields("user")).map(u -> GitReader.user(u, problems));
    Optional<Map<String, DeclaredRepo>> repos =
        git.flatMap(g -> g.fields("repos")).map(reader::repos);
    Optional<EgressPolicy> egress = keys.fields("egress").map(this::egress);
    Optional<AgentProvider> provider = keys.fields("agent_provider").map(this::provider);
    return new BottleFile(
        name,
        path,
        parents,
        env,
        user,
        repos,
        egress,
        provider,
        problems.all().stream().map(p -> ManifestProblem.in(path, p.at(), p.sentence())).toList());
  }

  private EgressPolicy egress(Fields fields) {
    return new EgressPolicy(
        declarations.routes(fields.items("routes")),
        declarations.allow(fields.items("allow")),
        declarations.authorities(fields.value("ca")),
        fields.whole("log").map(Long::intValue));
  }

  private AgentProvider provider(Fields fields) {
    String template = fields.text("template").orElse("");
    if (!template.isEmpty() && !ManifestName.valid(template)) {
      problems.add(fields.at("template"), "this is no name: " + ManifestName.RULE);
    }
    boolean forward = fields.truth("forward_host_credentials").orElse(false);
    refuseTogether(fields, "image", "recipe");
    if (forward) {
      refuseTogether(fields, "auth_token", "forward_host_credentials");
    }
    switch (template) {
      case "claude" -> refuse(fields, template, "settings");
      case "codex" -> refuse(fields, template, "settings");
      case "shell" -> refuse(fields, template, "auth_token", "forward_host_credentials");
      case "pi" -> refuse(fields, template, "auth_token", "forward_host_credentials");
      default -> {}
    }
    return new AgentProvider(
        template,
        fields.text("image").filter(image -> image(image, fields)),
        fields.text("recipe").flatMap(text -> declarations.path(text, fields.at("recipe"))),
        fields.value("auth_token").flatMap(node -> declarations.secret(node, "'auth_token'")),
        forward,
        fields.value("settings").map(this::settings).orElse(Map.of()));
  }

  private void refuseTogether(Fields fields, String one, String other) {
    if (fields.has(one) && fields.has(other)) {
      problems.add(
          fields.at(other), "'" + one + "' and '" + other + "' exclude each other; take one away");
    }
  }

  private void refuse(Fields fields, String template, String... keys) {
    for (String key : keys) {
      if (fields.has(key)) {
        problems.add(
            fields.at(key), "'" + key + "' is not for the provider " + template + "; take it away");
      }
    }
  }

  /** It becomes an argument of programs. */
  private boolean image(String image, Fields fields) {
    boolean plain = !image.startsWith("-") && image.chars().allMatch(c -> c > ' ' && c != 127);
    if (!plain) {
      problems.add(fields.at("image"), "an image has no blanks, and does not begin with '-'");
    }
    return plain;
  }

  private Map<String, Object> settings(Node node) {
    ManifestShape.settings().check(node, "'settings'", problems);
    return node instanceof Fields fields ? map(fields) : Map.of();
  }

  private Map<String, Object> map(Fields fields) {
    Map<String, Object> map = new LinkedHashMap<>();
    fields.all().forEach(entry -> value(entry.value()).ifPresent(v -> map.put(entry.key(), v)));
    return Collections.unmodifiableMap(map);
  }

  private Optional<Object> value(Node node) {
    return switch (node) {
      case Fields fields -> Optional.of(map(fields));
      case Node.Items items -> {
        List<Object> all = new ArrayList<>();
        items.all().forEach(item -> value(item).ifPresent(all::add));
        yield Optional.of(List.copyOf(all));
      }
      case Node.Scalar scalar -> scalar(scalar);
    };
  }

  private Optional<Object> scalar(Node.Scalar scalar) {
    if (Literal.holdsToken(scalar.value())) {
      problems.add(
          scalar.at(),
          "this looks like a secret itself, which is never written into this file (if it is one,"
              + " replace it: it has been on disk); name a variable of this host instead");
      return Optional.empty();
    }
    Fields alone = new Fields(scalar.at(), List.of(new Node.Entry(scalar.at(), "value", scalar)));
    Optional<Object> value =
        alone
            .text("value")
            .map(Object.class::cast)
            .or(() -> alone.whole("value"))
            .or(() -> alone.truth("value"));
    if (value.isEmpty()) {
      problems.add(
          scalar.at(), "a setting is text, a whole number, true or false; or put it in quotes");
    }
    return value;
  }
}
