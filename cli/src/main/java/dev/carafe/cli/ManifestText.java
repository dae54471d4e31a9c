package dev.carafe.cli;

import dev.carafe.bottle.Readiness;
import dev.carafe.bottle.manifest.Agent;
import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.bottle.manifest.EffectiveBottle;
import dev.carafe.bottle.manifest.EgressPolicy;
import dev.carafe.bottle.manifest.EnvValue;
import dev.carafe.bottle.manifest.GitRepo;
import dev.carafe.bottle.manifest.GitUser;
import dev.carafe.bottle.manifest.Manifest;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** A manifest as people and programs read it: where values come from, and never a value. */
final class ManifestText {
  private static final int WIDTH = 12;

  private final Optional<Manifest> manifest;
  private final EffectiveBottle bottle;
  private final Context context;
  private final StringBuilder text = new StringBuilder();

  /**
   * @param manifest empty for a bottle by itself
   */
  ManifestText(Optional<Manifest> manifest, EffectiveBottle bottle, Context context) {
    this.manifest = manifest;
    this.bottle = bottle;
    this.context = context;
  }

  private GitUser gitUser() {
    return manifest.map(Manifest::gitUser).orElse(bottle.gitUser());
  }

  /** Lines of a name and what it is. */
  String table() {
    manifest.map(Manifest::agent).ifPresent(this::agent);
    bottle.lineages().forEach(lineage -> line("Bottle", String.join(" -> ", lineage)));
    line("Provider", bottle.provider().map(this::provider).orElse("none"));
    bottle.provider().flatMap(AgentProvider::image).ifPresent(image -> line("Image", image));
    bottle
        .provider()
        .flatMap(AgentProvider::recipe)
        .ifPresent(recipe -> line("Recipe", Manifests.shown(recipe, context)));
    if (!gitUser().toString().isEmpty()) {
      line("Git author", gitUser().toString());
    }
    bottle.env().forEach((name, value) -> line("Variable", name + ", " + value.source()));
    bottle.repos().forEach(repo -> line("Repository", repo(repo)));
    EgressPolicy egress = bottle.egress();
    egress.log().ifPresent(log -> line("Log", log + ", " + RouteText.kept(log)));
    egress.allow().forEach(range -> line("Addresses", range + " may be dialled"));
    egress
        .authorities()
        .forEach(file -> line("Trusts", "certificates in " + Manifests.shown(file, context)));
    List<RouteText.Row> rows = rows(egress);
    return text.append('\n')
        .append(RouteText.table(rows))
        .append(RouteText.count(rows.size()))
        .toString();
  }

  private void line(String name, String value) {
    text.append(Text.padded(name + ":", WIDTH)).append(value).append('\n');
  }

  private void agent(Agent agent) {
    line("Agent", agent.name() + ", " + agent.origin().words());
    line("File", Manifests.shown(agent.file(), context));
    long lines = agent.prompt().lines().count();
    line("Prompt", lines == 0 ? "none" : lines + (lines == 1 ? " line" : " lines"));
    line("Skills", agent.skills().isEmpty() ? "none" : String.join(", ", agent.skills()));
  }

  private String provider(AgentProvider provider) {
    String credential =
        provider.authToken().map(token -> ", credential <" + token.name() + ">").orElse("");
    String forwarded =
        provider.forwardHostCredentials() ? ", with the credential that it has on this host" : "";
    String settings =
        provider.settings().isEmpty()
            ? ""
            : ", settings " + String.join(", ", provider.settings().keySet());
    return provider.template() + credential + forwarded + settings;
  }

  private static String repo(GitRepo repo) {
    return repo.name()
        + ", "
        + repo.url()
        + ", with "
        + repo.key().words()
        + repo.hostKey().map(key -> ", the server's key is known").orElse("");
  }

  private static List<RouteText.Row> rows(EgressPolicy egress) {
    return egress.routes().stream()
        .map(
            declared ->
                new RouteText.Row(
                    declared.route(),
                    declared
                        .auth()
                        .map(
                            auth ->
                                new RouteText.Credential(
                                    auth.header(), auth.prefix(), auth.reference().name()))))
        .toList();
  }

  /** The same as an object. */
  void write(JsonGenerator json) {
    json.writeStartObject();
    json.writeBooleanProperty("valid", true);
    manifest.map(Manifest::agent).ifPresent(agent -> agent(json, agent));
    json.writeName("bottles");
    json.writeStartArray();
    for (List<String> lineage : bottle.lineages()) {
      json.writeStartObject();
      json.writeStringProperty("name", lineage.getLast());
      Json.strings(json, "lineage", lineage);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeName("provider");
    bottle.provider().ifPresentOrElse(p -> provider(json, p), json::writeNull);
    json.writeName("git_user");
    json.writeStartObject();
    Json.string(json, "name", gitUser().name());
    Json.string(json, "email", gitUser().email());
    json.writeEndObject();
    env(json);
    repos(json);
    EgressPolicy egress = bottle.egress();
    json.writeName("egress");
    json.writeStartObject();
    if (egress.log().isPresent()) {
      json.writeNumberProperty("log", egress.log().get());
    } else {
      json.writeNullProperty("log");
    }
    Json.strings(json, "allow", egress.allow().stream().map(Object::toString).toList());
    Json.strings(json, "ca", egress.authorities().stream().map(Path::toString).toList());
    RouteText.write(json, rows(egress));
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void agent(JsonGenerator json, Agent agent) {
    json.writeName("agent");
    json.writeStartObject();
    json.writeStringProperty("name", agent.name());
    json.writeStringProperty("origin", agent.origin().name().toLowerCase(Locale.ROOT));
    json.writeStringProperty("file", agent.file().toString());
    json.writeNumberProperty("prompt_lines", (int) agent.prompt().lines().count());
    Json.strings(json, "skills", agent.skills());
    Json.strings(json, "bottles", agent.bottles());
    json.writeEndObject();
  }

  private static void provider(JsonGenerator json, AgentProvider provider) {
    json.writeStartObject();
    json.writeStringProperty("template", provider.template());
    Json.string(json, "image", provider.image());
    Json.string(json, "recipe", provider.recipe().map(Path::toString));
    Json.string(json, "auth_token", provider.authToken().map(SecretReference::name));
    json.writeBooleanProperty("forward_host_credentials", provider.forwardHostCredentials());
    Json.strings(json, "settings", provider.settings().keySet());
    json.writeEndObject();
  }

  private void env(JsonGenerator json) {
    json.writeName("env");
    json.writeStartArray();
    bottle
        .env()
        .forEach(
            (name, value) -> {
              json.writeStartObject();
              json.writeStringProperty("name", name);
              switch (value) {
                case EnvValue.Literal literal -> json.writeStringProperty("source", "file");
                case EnvValue.FromHost host -> {
                  json.writeStringProperty("source", "host");
                  json.writeStringProperty("variable", host.variable());
                }
                case EnvValue.Prompt prompt -> {
                  json.writeStringProperty("source", "prompt");
                  json.writeStringProperty("question", prompt.question());
                }
              }
              json.writeEndObject();
            });
    json.writeEndArray();
  }

  private void repos(JsonGenerator json) {
    json.writeName("repos");
    json.writeStartArray();
    for (GitRepo repo : bottle.repos()) {
      json.writeStartObject();
      json.writeStringProperty("name", repo.name());
      json.writeStringProperty("url", repo.url().toString());
      json.writeStringProperty("key", repo.key().words());
      Json.string(json, "host_key", repo.hostKey());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** All agents and bottles, and what is wrong with them. */
  static void list(JsonGenerator json, ManifestIndex index, Readiness readiness) {
    List<ManifestIndex.FoundAgent> agents = new ArrayList<>(index.agents());
    json.writeStartObject();
    json.writeBooleanProperty("valid", index.problems().isEmpty());
    agents(json, "agents", agents, Optional.of(readiness));
    agents(json, "shadowed", index.shadowed(), Optional.empty());
    json.writeName("bottles");
    json.writeStartArray();
    for (ManifestIndex.FoundBottle bottle : index.bottles()) {
      json.writeStartObject();
      json.writeStringProperty("name", bottle.name());
      json.writeStringProperty("file", bottle.file().toString());
      json.writeBooleanProperty("usable", bottle.usable());
      Json.strings(json, "extends", bottle.extended());
      json.writeEndObject();
    }
    json.writeEndArray();
    Manifests.write(json, index.problems());
    json.writeEndObject();
  }

  private static void agents(
      JsonGenerator json,
      String name,
      List<ManifestIndex.FoundAgent> agents,
      Optional<Readiness> readiness) {
    json.writeName(name);
    json.writeStartArray();
    for (ManifestIndex.FoundAgent agent : agents) {
      json.writeStartObject();
      json.writeStringProperty("name", agent.name());
      json.writeStringProperty("origin", agent.origin().name().toLowerCase(Locale.ROOT));
      json.writeStringProperty("file", agent.file().toString());
      json.writeBooleanProperty("usable", agent.usable());
      if (readiness.isPresent()) {
        List<String> problems = readiness.get().problems(agent.name(), List.of());
        json.writeBooleanProperty("starts", problems.isEmpty());
        Json.strings(json, "lacks", problems);
      }
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
