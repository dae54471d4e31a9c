package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DispatchTest {
  @Test
  void versionIsOursOrTheDialectWeFollow() {
    assertThat(Caller.carafe().call("--version").out()).matches("carafe \\d+\\.\\d+\\.\\d+.*\n");
    assertThat(Caller.carafe().call("version")).isEqualTo(Caller.carafe().call("--version"));
    assertThat(Caller.smolvm().call("--version")).isEqualTo(new Outcome(0, "smolvm 1.9.3\n", ""));
  }

  @Test
  void theDialectCanBeChosenByTheEnvironment() {
    Caller caller = Caller.smolvm();
    caller.env.put("CARAFE_SMOLVM_VERSION", "0.8.0");
    assertThat(caller.call("--version").out()).isEqualTo("smolvm 0.8.0\n");
    caller.env.put("CARAFE_SMOLVM_VERSION", "new");
    assertThat(caller.call("--version"))
        .isEqualTo(
            new Outcome(
                2,
                "",
                "error: CARAFE_SMOLVM_VERSION is 'new', but must be a version such as 0.8.0\n"));
  }

  @Test
  void withoutArgumentsTheHelpTextGoesToStandardErrorWithExitCode2() {
    Outcome outcome = Caller.carafe().call();
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).contains("Usage: carafe COMMAND", "machine data-dir");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "help",
        "help machine",
        "machine --help",
        "vm help",
        "help machine exec",
        "machine exec --help",
        "machine exec -h --name x",
        "run --help"
      })
  void helpGoesToStandardOutputWithExitCode0(String line) {
    Outcome outcome = Caller.smolvm().call(line.split(" "));
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).contains("Usage: smolvm ").doesNotContain("carafe");
  }

  @Test
  void everyVerbHasHelpWithAnExampleThatItsOwnGrammarReads() {
    for (Program program : new Program[] {Program.CARAFE, Program.of("smolvm", Map.of())})
      for (String group :
          new String[] {"", "machine", "image", "pack", "egress", "audit", "manifest"}) {
        for (String name : Verbs.of(group)) {
          if (Verbs.isGroup(name) || name.equals("help")) {
            continue;
          }
          String help = Help.of(program, group.isEmpty() ? list(name) : list(group, name));
          assertThat(help).contains("Examples:\n");
          for (String example : help.split("Examples:\n")[1].split("\n\n")[0].split("\n")) {
            String[] words = example.strip().split(" [<>] ")[0].split(" ");
            int verb = words[1].equals(group) ? 3 : 2;
            assertThat(words[0]).isEqualTo(program.name());
            Help.grammar(program, group, name, Verbs.verb(group, name))
                .parse(unquoted(words).subList(verb, unquoted(words).size()));
          }
        }
      }
  }

  private static List<String> list(String... words) {
    return List.of(words);
  }

  /** Joins the words between single quotes. */
  private static List<String> unquoted(String[] words) {
    List<String> joined = new ArrayList<>();
    boolean open = false;
    for (String word : words) {
      if (open) {
        joined.set(joined.size() - 1, joined.getLast() + " " + word);
      } else {
        joined.add(word);
      }
      open ^= word.chars().filter(c -> c == '\'').count() % 2 == 1;
    }
    return joined;
  }

  @ParameterizedTest
  @CsvSource({
    "machin, 'unknown command ''machin''', 'Did you mean ''machine''?'",
    "machine creat, 'unknown command ''machine creat''', 'Did you mean ''create''?'",
    "image pul x, 'unknown command ''image pul''', 'Did you mean ''pull''?'",
    "machine ls --jsn, 'unknown option ''--jsn''', 'Did you mean ''--json''?'",
    "machine exec --nmae x -- ls, 'unknown option ''--nmae''', 'Did you mean ''--name''?'",
    "--versoin, 'unknown option ''--versoin''', 'Known: '",
    "stop web, 'unknown command ''stop''', 'Did you mean ''carafe machine stop''?'",
    "status, 'unknown command ''status''', 'Did you mean ''carafe machine status''?'",
    "run --memory 1 -- ls, 'unknown option ''--memory''', 'Did you mean ''--mem''?'",
    "run --mem 2G -- ls, 'invalid value ''2G'' for --mem: it is a number of MiB', ''",
    "run --cpus 0 -- ls, 'invalid value ''0'' for --cpus: it is a whole number from 1 to 16', ''",
    "machine xyzzy, 'unknown command ''machine xyzzy''', 'Known: run, create'",
    "machine fork --golden x, '''machine fork'' is a command of smolvm that is not built yet', ''",
    "serve start, '''serve'' is a command of smolvm that is not built yet', ''",
    "pack push x -f y, '''pack push'' is a command of smolvm that is not built yet', ''",
    "machine ls x, 'unexpected argument ''x''', 'carafe machine ls --help'",
    "machine delete a b, 'unexpected argument ''b''', ''",
    "machine delete a -n b, 'two names were given: ''b'' and ''a''', ''",
    "machine delete, 'no machine was named', ''",
    "machine exec --name, 'the option --name needs a value', ''",
    "machine exec --name a --name b -- ls, 'the option --name was given more than once', ''",
    "machine exec --name a, 'no command was given', ''",
    "machine resize -n a, 'give --storage, --overlay or both', ''",
    "machine cp a b, 'exactly one of source and destination', ''",
    "machine cp a:/x b:/y, 'exactly one of source and destination', ''",
    "machine cp a, 'a source and a destination are needed', ''",
    "image pull, 'no image was named', ''",
    "pack create -o x, 'no image was named', ''",
    "pack create --image x -o y.smolmachine, '--output ''y.smolmachine'' must be', 'without .smolmachine'",
    "egress serve, 'no routes file was named: give --routes FILE', ''",
    "egress srve, 'unknown command ''egress srve''', 'Did you mean ''serve''?'",
    "egress serve --routes x --listen 0.0.0.0:80, '--listen 0.0.0.0:80: other hosts could reach that', ''",
    "egress serve --routes x --listen here, 'invalid value ''here'' for --listen', ''",
    "egress serve --routes x --listen localhost:80, 'invalid value ''localhost:80'' for --listen', ''",
    "egress serve --routes x --metrics 10.0.0.1:80, '--metrics 10.0.0.1:80: other hosts', ''",
    "egress serve --routes x --audit-level 3, 'invalid value ''3'' for --audit-level', ''",
    "egress serve --routes x --audit-level 1, '--audit-level without --audit', ''",
    "audit verify, 'no audit was named', ''",
    "audit verify --expect 7 x, 'invalid value ''7'' for --expect', ''",
    "completion tcsh, 'name a shell', ''",
    "init ../x, '''../x'' is no name of an agent or a bottle', 'A name has small letters'",
    "edit x --agent --bottle, '--agent and --bottle exclude each other', ''",
    "info --bottle x, '--bottle without an agent', ''",
    "info X, '''X'' is no name', ''",
    "manifest shema agent, 'unknown command ''manifest shema''', 'Did you mean ''schema''?'",
  })
  void wrongUseIsExitCode2WithASentenceAndAHint(String line, String message, String hint) {
    Outcome outcome = Caller.carafe().call(line.split(" "));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).startsWith("error: " + message).contains(hint);
  }

  @Test
  void theHelpBeginsWithAgents() {
    String help = Caller.carafe().call("--help").out();
    assertThat(help).startsWith("Runs coding agents, and any command, in microVMs: ");
    assertThat(help.split("Examples:\n")[1]).startsWith("  carafe start claude --cwd .\n");
  }

  @Test
  void helpHasHelp() {
    assertThat(Caller.carafe().call("help", "--help")).isEqualTo(Caller.carafe().call("help"));
  }

  @Test
  void whatIsUnexpectedIsOneLineAndTheTraceIsOnRequest() {
    Caller caller = Caller.carafe();
    caller.rooms.images.stored.put("x", null);
    Outcome outcome = caller.call("image", "ls");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .isEqualTo(
            "Error: unexpected: java.lang.NullPointerException (set CARAFE_DEBUG=1 to see where)\n");
    caller.env.put("CARAFE_DEBUG", "1");
    assertThat(caller.call("image", "ls").err()).contains("\tat dev.carafe.cli.");
  }
}
