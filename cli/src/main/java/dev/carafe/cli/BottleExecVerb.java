package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;
import dev.carafe.machine.ExecSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code exec}: a command in a running bottle, beside its agent; or one more agent. */
final class BottleExecVerb extends Verb {
  @Override
  String summary() {
    return "Runs a command in a running bottle.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("Run the agent, with these arguments.", "--agent")
        .value("DIR", "Working directory (default: the workspace).", "-w", "--workdir")
        .values("KEY=VALUE", "Environment of the command; KEY alone: ours.", "-e", "--env")
        .value("USER", "Who runs it (default: node).", "-u", "--user");
    ExecVerb.describeCommand(grammar);
    grammar
        .trailingCommand("SLUG [--] [COMMAND [ARGUMENT...]]")
        .naming(Named.BOTTLES)
        .example("exec claude-x7k2p -- git status")
        .example("exec -it claude-x7k2p -- bash")
        .example("exec -u root claude-x7k2p -- apt-get update")
        .example("exec -it --agent claude-x7k2p -- --continue");
  }

  @Override
  int run(Arguments arguments, Context context) {
    List<String> words = arguments.positionals();
    if (words.isEmpty()) {
      throw new UsageException(
          "no bottle was named", "See '" + context.program().name() + " list'.");
    }
    int start = words.size() > 1 && words.get(1).equals("--") ? 2 : 1;
    List<String> command = words.subList(start, words.size());
    if (command.isEmpty() && !arguments.has("--agent")) {
      throw new UsageException(
          "no command was given", "Usage: " + context.program().name() + " exec SLUG -- COMMAND");
    }
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      return BottleUse.of(
          carafe,
          words.getFirst(),
          context,
          bottle -> {
            ExecSpec spec =
                spec(
                    arguments.has("--agent") ? bottle.agent(command).argv() : command,
                    arguments,
                    context);
            return new Session(context, new Interrupts(context.signals()))
                .run(bottle.machine(), spec, arguments.has("--tty"));
          });
    }
  }

  private static ExecSpec spec(List<String> argv, Arguments arguments, Context context) {
    ExecSpec spec = ExecVerb.spec(argv, arguments, context);
    Optional<String> directory = arguments.value("--workdir");
    if (directory.isPresent()) {
      spec = spec.withDirectory(Values.directory("--workdir", directory.get()));
    }
    Optional<String> user = arguments.value("--user");
    if (user.isPresent()) {
      spec = spec.withUser(user.get());
    }
    Map<String, String> env = new LinkedHashMap<>(spec.env());
    env.putAll(Values.environment(arguments.values("--env"), context));
    return spec.withEnv(env);
  }
}
