package dev.carafe.cli;

import dev.carafe.bottle.AgentImage;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Plan;
import dev.carafe.bottle.manifest.EnvValue;
import dev.carafe.bottle.policy.PlannedRoute;
import dev.carafe.bottle.provider.Color;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.core.JsonGenerator;

/** A plan as people and programs read it. Names of variables, never values. */
final class PlanText {
  private static final int WIDTH = 12;

  private final Plan plan;
  private final Context context;
  private final StringBuilder text = new StringBuilder();

  PlanText(Plan plan, Context context) {
    this.plan = plan;
    this.context = context;
  }

  /**
   * A plan; where it was asked for as JSON, what keeps it from being made is printed as that, too.
   *
   * @throws BottleException as the preparation does
   */
  static Plan planned(Supplier<Plan> preparation, Arguments arguments, Context context) {
    try {
      return preparation.get();
    } catch (BottleException e) {
      if (arguments.has("--json")) {
        context.console().line(Json.of(json -> Manifests.invalid(json, e.problems())));
      }
      throw e;
    }
  }

  /** Lines of a name and what it is, and the routes. */
  String table() {
    line("Agent", plan.manifest().agent().name() + ", " + plan.manifest().agent().origin().words());
    line("Label", plan.label() + plan.color().map(color -> ", " + color.word()).orElse(""));
    line("Bottle", plan.slug());
    plan.manifest()
        .bottle()
        .lineages()
        .forEach(lineage -> line("Made of", String.join(" -> ", lineage)));
    line("Provider", plan.provider().name() + ": " + String.join(" ", plan.program().command()));
    line("Image", image());
    line("Machine", plan.spec().cpus() + " CPUs, " + plan.spec().memoryMib() + " MiB");
    line("Begins with", beginning());
    if (!plan.skills().all().isEmpty()) {
      line(
          "Skills",
          String.join(", ", plan.skills().all().stream().map(skill -> skill.name()).toList()));
    }
    if (!plan.manifest().gitUser().toString().isEmpty()) {
      line("Git author", plan.manifest().gitUser().toString());
    }
    variables();
    plan.notes().forEach(note -> line("Note", note));
    text.append('\n').append(routes());
    return text.toString();
  }

  private void line(String name, String value) {
    text.append(Text.padded(name + ":", WIDTH + 1)).append(Text.shown(value)).append('\n');
  }

  private String image() {
    AgentImage image = plan.image();
    String made =
        image instanceof AgentImage.ByRecipe recipe
            ? recipe.made() ? ", made already" : ", to be made first: that takes minutes"
            : "";
    return image.reference() + ", " + image.why() + made;
  }

  private String beginning() {
    return switch (plan.beginning()) {
      case NEW ->
          plan.workspace()
              .map(
                  workspace ->
                      "a copy of "
                          + Manifests.shown(workspace.directory(), context)
                          + (plan.spec().ignored() ? ", with what git ignores" : ""))
              .orElse("an empty home");
      case FROZEN -> "what it was frozen with";
      case MACHINE -> "its machine as the last session left it";
    };
  }

  private void variables() {
    for (Map.Entry<String, EnvValue> each : plan.manifest().bottle().env().entrySet()) {
      line("Variable", each.getKey() + ", " + each.getValue().source());
    }
    List<String> provided =
        plan.provision().env().keySet().stream()
            .filter(name -> !plan.provision().hidden().contains(name))
            .toList();
    if (!provided.isEmpty()) {
      line("Variables", String.join(", ", provided) + ", from the provider");
    }
  }

  private String routes() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("HOST", "PORT", "REQUESTS", "GIT", "CREDENTIAL", "FROM"));
    for (PlannedRoute route : plan.policy().planned()) {
      rows.add(
          List.of(
              route.host(),
              RouteText.ports(route.port()),
              requests(route).getFirst(),
              route.git() ? "fetch" : "no",
              route
                  .scheme()
                  .map(scheme -> "[auth:" + scheme + "] " + route.credential().orElse(""))
                  .orElse("none"),
              route.provider()
                  ? plan.provider().name()
                      + (route.replaces().isEmpty() ? "" : ", in place of the bottle's")
                  : Manifests.shown(Path.of(route.from()), context)));
      // Each on a line of its own, or the table would be wider than any terminal.
      requests(route).stream()
          .skip(1)
          .forEach(request -> rows.add(List.of("", "", request, "", "", "")));
    }
    int count = plan.policy().planned().size();
    return (count == 0 ? "" : Text.table(rows)) + RouteText.count(count);
  }

  private static List<String> requests(PlannedRoute route) {
    if (route.passThrough()) {
      return List.of("not looked at");
    }
    return route.requests().isEmpty() ? List.of("all") : route.requests();
  }

  /** The same as an object. */
  void write(JsonGenerator json) {
    json.writeStartObject();
    json.writeBooleanProperty("valid", true);
    json.writeStringProperty("agent", plan.manifest().agent().name());
    json.writeStringProperty("label", plan.label());
    Json.string(json, "color", plan.color().map(Color::word));
    json.writeStringProperty("slug", plan.slug());
    json.writeName("bottles");
    json.writeStartArray();
    for (List<String> lineage : plan.manifest().bottle().lineages()) {
      json.writeStartObject();
      json.writeStringProperty("name", lineage.getLast());
      Json.strings(json, "lineage", lineage);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeStringProperty("provider", plan.provider().name());
    Json.strings(json, "command", plan.program().command());
    json.writeStringProperty("image", plan.image().reference());
    json.writeStringProperty("image_why", plan.image().why());
    json.writeNumberProperty("cpus", plan.spec().cpus());
    json.writeNumberProperty("memory_mib", plan.spec().memoryMib());
    json.writeStringProperty("begins_with", plan.beginning().name().toLowerCase(Locale.ROOT));
    Json.string(json, "workspace", plan.workspace().map(w -> w.directory().toString()));
    Json.strings(json, "skills", plan.skills().all().stream().map(skill -> skill.name()).toList());
    Json.strings(json, "env", plan.manifest().bottle().env().keySet());
    Json.strings(json, "provider_env", plan.provision().env().keySet());
    Json.strings(json, "notes", plan.notes());
    json.writeName("routes");
    json.writeStartArray();
    for (PlannedRoute route : plan.policy().planned()) {
      json.writeStartObject();
      json.writeStringProperty("host", route.host());
      RouteText.ports(json, route.port());
      Json.strings(json, "requests", route.requests());
      json.writeBooleanProperty("git", route.git());
      json.writeBooleanProperty("pass_through", route.passThrough());
      Json.string(json, "scheme", route.scheme());
      Json.string(json, "credential", route.credential());
      json.writeBooleanProperty("provider", route.provider());
      json.writeStringProperty("from", route.from());
      Json.strings(json, "replaces", route.replaces());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
