package dev.carafe.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * The tree of verbs. A verb is found by a switch, so that calling one loads no other's class; the
 * names are listed once more for help and completion.
 */
final class Verbs {
  private Verbs() {}

  /** The verbs at the top, in the order of the help text. */
  static final List<String> TOP =
      List.of(
          "start",
          "resume",
          "list",
          "attach",
          "exec",
          "cp",
          "logs",
          "diff",
          "pull",
          "freeze",
          "bottle",
          "init",
          "info",
          "edit",
          "run",
          "machine",
          "image",
          "pack",
          "egress",
          "audit",
          "manifest",
          "import-bot-bottle",
          "setup",
          "doctor",
          "cleanup",
          "completion",
          "version",
          "help");

  /** The verbs of a group, in the order of the help text; none for what is no group. */
  static List<String> of(String group) {
    return switch (group) {
      case "" -> TOP;
      case "machine" ->
          List.of(
              "run",
              "create",
              "start",
              "stop",
              "delete",
              "exec",
              "shell",
              "cp",
              "ls",
              "status",
              "update",
              "resize",
              "freeze",
              "prove",
              "egress-events",
              "data-dir");
      case "image" -> List.of("pull", "import", "export", "ls", "rm", "prune", "inspect");
      case "pack" -> List.of("create", "inspect");
      case "egress" -> List.of("serve", "check", "schema");
      case "audit" -> List.of("verify");
      case "manifest" -> List.of("schema");
      case "bottle" -> List.of("export", "import", "rm");
      default -> List.of();
    };
  }

  /** One sentence about a group. */
  static String summary(String group) {
    return switch (group) {
      case "" ->
          "Runs coding agents, and any command, in microVMs: no daemon, no root, no network device"
              + " in the guest.";
      case "machine" -> "Makes, runs and removes machines (alias: vm).";
      case "image" -> "Keeps the images that machines are made from.";
      case "pack" -> "Writes and reads .smolmachine files: an image in one file.";
      case "egress" -> "Lets requests out by routes, and adds the credentials to them.";
      case "audit" -> "Looks after the record of what was let out.";
      case "bottle" -> "Takes bottles from one computer to another, and removes them.";
      case "manifest" -> "Helps to write the files of agents and bottles.";
      default -> throw new IllegalArgumentException(group);
    };
  }

  /** Whether a verb, with its group before it, is about bottles, and not about machines alone. */
  static boolean isOfBottles(String path) {
    return switch (path) {
      case "start", "resume", "list", "attach", "exec", "cp", "logs" -> true;
      case "diff", "pull", "freeze", "bottle export", "bottle import", "bottle rm" -> true;
      default -> false;
    };
  }

  static boolean isGroup(String word) {
    return switch (word) {
      case "machine", "vm", "image", "pack", "egress", "audit", "manifest", "bottle" -> true;
      default -> false;
    };
  }

  /** The group's proper name. */
  static String group(String word) {
    return word.equals("vm") ? "machine" : word;
  }

  /** A verb's proper name. */
  static String canonical(String group, String word) {
    return switch (word) {
      case "list" -> group.isEmpty() ? "list" : "ls";
      case "ls" -> group.isEmpty() ? "list" : "ls";
      case "commit" -> group.isEmpty() ? "freeze" : "commit";
      case "sh" -> "shell";
      case "rm" -> group.equals("machine") ? "delete" : "rm";
      default -> word;
    };
  }

  /**
   * The verb of that name.
   *
   * @param group empty for the top
   * @throws UsageException when there is none, with the nearest one as a hint
   */
  static Verb verb(String group, String word) {
    String name = canonical(group, word);
    Verb verb =
        switch (group) {
          case "" -> top(name);
          case "machine" -> machine(name);
          case "image" -> image(name);
          case "pack" -> pack(name);
          case "egress" -> egress(name);
          case "audit" -> name.equals("verify") ? new AuditVerifyVerb() : null;
          case "bottle" -> bottle(name);
          case "manifest" -> name.equals("schema") ? new ManifestSchemaVerb() : null;
          default -> null;
        };
    if (verb != null) {
      return verb;
    }
    String full = group.isEmpty() ? word : group + " " + word;
    if (isOfSmolvm(group, word)) {
      throw new UsageException("'" + full + "' is a command of smolvm that is not built yet");
    }
    if (group.isEmpty() && of("machine").contains(canonical("machine", word))) {
      throw new UsageException(
          "unknown command '" + word + "'", "Did you mean 'carafe machine " + word + "'?");
    }
    List<String> known = new ArrayList<>(of(group));
    if (group.isEmpty()) {
      known.add("vm");
    }
    throw new UsageException(
        (word.startsWith("-") ? "unknown option '" : "unknown command '") + Text.shown(full) + "'",
        Suggestion.hint(word, known, "Known: " + String.join(", ", of(group)) + "."));
  }

  private static Verb top(String name) {
    return switch (name) {
      case "start" -> new StartBottleVerb();
      case "resume" -> new ResumeVerb();
      case "list" -> new BottleListVerb();
      case "attach" -> new AttachVerb();
      case "exec" -> new BottleExecVerb();
      case "cp" -> new BottleCopyVerb();
      case "logs" -> new LogsVerb();
      case "diff" -> new DiffVerb();
      case "pull" -> new PullVerb();
      case "freeze" -> new BottleFreezeVerb();
      case "run" -> new RunVerb();
      case "init" -> new InitVerb();
      case "info" -> new InfoVerb();
      case "edit" -> new EditVerb();
      case "import-bot-bottle" -> new ImportBotBottleVerb();
      case "setup" -> new SetupVerb();
      case "doctor" -> new DoctorVerb();
      case "cleanup" -> new CleanupVerb();
      case "completion" -> new CompletionVerb();
      case "version" -> new VersionVerb();
      default -> null;
    };
  }

  private static Verb bottle(String name) {
    return switch (name) {
      case "export" -> new BottleExportVerb();
      case "import" -> new BottleImportVerb();
      case "rm" -> new BottleRemoveVerb();
      default -> null;
    };
  }

  private static Verb machine(String name) {
    return switch (name) {
      case "run" -> new RunVerb();
      case "create" -> new CreateVerb();
      case "start" -> new StartVerb();
      case "stop" -> new StopVerb();
      case "delete" -> new DeleteVerb();
      case "exec" -> new ExecVerb();
      case "shell" -> new ShellVerb();
      case "cp" -> new CopyVerb();
      case "ls" -> new ListVerb();
      case "status" -> new StatusVerb();
      case "update" -> new UpdateVerb();
      case "resize" -> new ResizeVerb();
      case "freeze" -> new FreezeVerb();
      case "prove" -> new ProveVerb();
      case "egress-events" -> new EgressEventsVerb();
      case "data-dir" -> new DataDirVerb();
      case RelayVerb.NAME -> new RelayVerb();
      default -> null;
    };
  }

  private static Verb image(String name) {
    return switch (name) {
      case "pull" -> new ImagePullVerb();
      case "import" -> new ImageImportVerb();
      case "export" -> new ImageExportVerb();
      case "ls" -> new ImageListVerb();
      case "rm" -> new ImageRemoveVerb();
      case "prune" -> new ImagePruneVerb();
      case "inspect" -> new ImageInspectVerb();
      default -> null;
    };
  }

  private static Verb pack(String name) {
    return switch (name) {
      case "create" -> new PackCreateVerb();
      case "inspect" -> new PackInspectVerb();
      default -> null;
    };
  }

  private static Verb egress(String name) {
    return switch (name) {
      case "serve" -> new EgressServeVerb();
      case "check" -> new EgressCheckVerb();
      case "schema" -> new EgressSchemaVerb();
      default -> null;
    };
  }

  private static boolean isOfSmolvm(String group, String word) {
    return switch (group) {
      case "" -> word.equals("serve") || word.equals("config");
      case "machine" ->
          switch (word) {
            case "images", "prune", "monitor", "network-test", "fork", "fork-release" -> true;
            default -> false;
          };
      case "pack" ->
          switch (word) {
            case "run", "push", "pull", "prune" -> true;
            default -> false;
          };
      default -> false;
    };
  }
}
