package dev.carafe.cli;

import dev.carafe.bottle.manifest.ManifestShape;
import dev.carafe.bottle.provider.ProviderShape;
import java.util.List;

/** {@code manifest schema}: what editors need to complete and check the keys of such files. */
final class ManifestSchemaVerb extends Verb {
  @Override
  String summary() {
    return "Prints the JSON Schema of the keys of agents, bottles or providers, for editors.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .word("agent|bottle|provider", List.of("agent", "bottle", "provider"))
        .example("manifest schema agent > agent.schema.json")
        .example("manifest schema bottle > bottle.schema.json")
        .example("manifest schema provider > provider.schema.json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    context
        .console()
        .print(
            switch (arguments.first().orElse("")) {
              case "agent" -> ManifestShape.agentSchema();
              case "bottle" -> ManifestShape.bottleSchema();
              case "provider" -> ProviderShape.schema();
              default -> throw new UsageException("say of what: agent, bottle or provider");
            });
    return ExitCode.OK;
  }
}
