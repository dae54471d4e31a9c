package dev.carafe.bottle.botbottle;

import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Writes the keys of bot-bottle's bottles and agents anew. */
final class BottleConversion {
  private final Notes notes;

  BottleConversion(Notes notes) {
    this.notes = notes;
  }

  Map<String, Object> bottle(Fields keys) {
    Map<String, Object> bottle = new LinkedHashMap<>();
    notes.unknown(
        keys, Set.of("extends", "agent_provider", "env", "git-gate", "egress", "supervise"));
    if (keys.truth("supervise").equals(Optional.of(false))) {
      notes.add(keys.at("supervise"), "every bottle is supervised; 'supervise: false' is left out");
    }
    Notes.copy(keys, bottle, "extends");
    section(keys, "agent_provider").ifPresent(p -> bottle.put("agent_provider", provider(p)));
    section(keys, "env").ifPresent(env -> bottle.put("env", env(env)));
    section(keys, "git-gate").ifPresent(git -> bottle.put("git-gate", git(git)));
    section(keys, "egress").ifPresent(egress -> bottle.put("egress", egress(egress)));
    return bottle;
  }

  Map<String, Object> agent(Fields keys) {
    Map<String, Object> agent = new LinkedHashMap<>();
    String[] same = {"bottle", "skills", "name", "description", "model", "color", "memory"};
    Notes.copy(keys, agent, same);
    section(keys, "git-gate")
        .ifPresent(
            git -> {
              notes.unknown(git, Set.of("user"));
              Map<String, Object> user = new LinkedHashMap<>();
              Notes.copy(git, user, "user");
              agent.put("git-gate", user);
            });
    Set<String> known = new java.util.HashSet<>(Set.of(same));
    known.add("git-gate");
    notes.unknown(keys, known);
    return agent;
  }

  private Optional<Fields> section(Fields keys, String key) {
    if (keys.has(key) && keys.fields(key).isEmpty()) {
      notes.add(keys.at(key), "'" + key + "' is not keys with values, and is left out");
    }
    return keys.fields(key);
  }

  private Map<String, Object> provider(Fields fields) {
    Map<String, Object> provider = new LinkedHashMap<>();
    notes.unknown(
        fields,
        Set.of("template", "dockerfile", "auth_token", "forward_host_credentials", "settings"));
    if (fields.has("dockerfile")) {
      notes.add(
          fields.at("dockerfile"),
          "no Dockerfile is built here, and 'dockerfile' is left out: import the image that it makes"
              + " (carafe image import), and name it with 'image'");
    }
    Notes.copy(fields, provider, "template", "auth_token", "forward_host_credentials", "settings");
    return provider;
  }

  /** All values are text, also those that look like numbers. */
  private Map<String, Object> env(Fields fields) {
    Map<String, Object> env = new LinkedHashMap<>();
    for (Node.Entry entry : fields.all()) {
      if (entry.value() instanceof Node.Scalar scalar) {
        env.put(entry.key(), scalar.value());
      } else {
        notes.add(entry.at(), "the value of this variable is not text, and is left out");
      }
    }
    return env;
  }

  private Map<String, Object> git(Fields fields) {
    Map<String, Object> git = new LinkedHashMap<>();
    notes.unknown(fields, Set.of("user", "repos"));
    Notes.copy(fields, git, "user");
    section(fields, "repos")
        .ifPresent(
            repos -> {
              Map<String, Object> converted = new LinkedHashMap<>();
              for (Node.Entry entry : repos.all()) {
                if (entry.value() instanceof Fields repo) {
                  converted.put(entry.key(), repo(repo));
                } else {
                  notes.add(entry.at(), "this is no repository, and is left out");
                }
              }
              git.put("repos", converted);
            });
    return git;
  }

  private Map<String, Object> repo(Fields fields) {
    Map<String, Object> repo = new LinkedHashMap<>();
    notes.unknown(fields, Set.of("url", "key", "host_key", "identity", "provisioned_key"));
    Notes.copy(fields, repo, "url", "key", "host_key");
    Map<String, Object> key = new LinkedHashMap<>();
    fields
        .text("identity")
        .ifPresent(
            path -> {
              key.put("provider", "static");
              key.put("path", path);
            });
    fields
        .fields("provisioned_key")
        .ifPresent(
            made -> {
              Notes.copy(made, key, "provider");
              made.text("token_env").ifPresent(token -> key.put("provisioner_token", token));
            });
    if (!key.isEmpty()) {
      repo.putIfAbsent("key", key);
    }
    return repo;
  }

  private Map<String, Object> egress(Fields fields) {
    Map<String, Object> egress = new LinkedHashMap<>();
    notes.unknown(fields, Set.of("log", "routes"));
    Notes.copy(fields, egress, "log");
    if (fields.has("routes")) {
      RouteConversion conversion = new RouteConversion(notes);
      List<Object> routes = new ArrayList<>();
      fields.items("routes").forEach(route -> conversion.route(route).ifPresent(routes::add));
      egress.put("routes", routes);
    }
    return egress;
  }
}
