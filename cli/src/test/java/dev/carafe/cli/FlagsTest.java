package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every option of smolvm 0.8.0 and 1.9.3 on the verbs that exist here: it works, or it is refused
 * by name. None is unknown, so none is taken for something else.
 */
class FlagsTest {
  /**
   * Verb, the arguments it needs, and its options. {@code !} before an option: refused; {@code =}
   * after it: takes a value.
   */
  private static final List<List<String>> TABLE =
      List.of(
          List.of(
              "machine run",
              "true",
              "-I= --image= !--max-image-size= --from= -n= --name= -d --detach -i --interactive"
                  + " -t --tty --timeout= -w= --workdir= -e= --env= --oci-platform= !-v="
                  + " !--volume= -p= --port= --net !--net-backend= !--dns= !--network="
                  + " --allow-cidr= --allow-host= --outbound-localhost-only !--gpu"
                  + " !--gpu-vram= !--rosetta --cpus= --mem= --storage= --overlay= !-s="
                  + " !--smolfile= !--ssh-agent !--cuda !--auto-graph !--docker-socket"
                  + " !--docker-config !--secret-env= !--secret-file= --no-init-cache"
                  + " --rebuild-init-cache --oci-cache !--unprivileged !--proxy= !--no-proxy="),
          List.of(
              "machine exec",
              "true",
              "--name= -w= --workdir= -e= --env= !--secret-env= !--secret-file= --timeout= -i"
                  + " --interactive -t --tty --stream -d --detach"),
          List.of("machine shell", "", "-n= --name="),
          List.of(
              "machine create",
              "",
              "-n= --name= --label= -I= --image= !--max-image-size= --cpus= --mem= --storage="
                  + " --overlay= !-v= !--volume= -p= --port= --net !--net-backend= !--dns="
                  + " !--network= --allow-cidr= --allow-host= --outbound-localhost-only"
                  + " !--gpu !--gpu-vram= !--rosetta !--expose-socket= !--mount-socket= --init="
                  + " -e= --env= -w= --workdir= !--ssh-agent !--cuda !--auto-graph"
                  + " !--docker-socket !--secret-env= !--secret-file= !-s= !--smolfile= --from="),
          List.of(
              "machine start",
              "",
              "-n= --name= !--forkable !--fork-pool-size= !--cuda-vram-limit-mib= !--proxy="
                  + " !--no-proxy="),
          List.of("machine stop", "", "-n= --name="),
          List.of("machine delete", "", "-n= --name= -f --force --cascade"),
          List.of("machine status", "", "-n= --name= --json"),
          List.of("machine ls", "", "-v --verbose --json"),
          List.of(
              "machine update",
              "",
              "-n= --name= !-v= !--volume= !--remove-volume= -p= --port= --remove-port= --cpus="
                  + " --mem= --net --no-net -e= --env= --remove-env= -w= --workdir= !--gpu"
                  + " --no-gpu !--rosetta --no-rosetta --storage= --overlay="),
          List.of("machine data-dir", "", "-n= --name="),
          List.of("machine egress-events", "", "-n= --name= --limit= --json"),
          List.of("machine resize", "", "-n= --name= --storage= --overlay="),
          List.of("machine cp", "a b", "--mode= --uid= --gid="),
          List.of(
              "pack create",
              "",
              "-I= --image= !--from-vm= !--rebase-from-image -o= --output= --cpus= --mem="
                  + " --oci-platform= --entrypoint= --no-sign !--single-file !--stub="
                  + " !--lib-dir= !--rootfs-dir= !-s= !--smolfile= !--gpu !--staging-dir="
                  + " !--proxy= !--no-proxy="),
          List.of("pack inspect", "x", "--json"));

  static Stream<Arguments> options() {
    List<Arguments> all = new ArrayList<>();
    for (List<String> row : TABLE) {
      for (String option : row.get(2).split(" ")) {
        all.add(Arguments.of(row.get(0), row.get(1), option));
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("options")
  void everyOptionOfSmolvmWorksOrIsRefusedByName(String verb, String needed, String option) {
    boolean refused = option.startsWith("!");
    boolean valued = option.endsWith("=");
    String name = option.replace("!", "").replace("=", "");
    List<String> words = new ArrayList<>();
    words.add(name);
    if (valued) {
      words.add("1");
    }
    if (!needed.isEmpty()) {
      words.addAll(List.of(needed.split(" ")));
    }
    if (refused) {
      assertThatThrownBy(() -> parse(verb, words))
          .isInstanceOf(UsageException.class)
          .hasMessageMatching(".*" + name + "\\b.* is not supported: .+\\.");
      if (valued) {
        assertThatThrownBy(() -> parse(verb, List.of(name + "=1")))
            .hasMessageContaining("is not supported");
      }
    } else {
      dev.carafe.cli.Arguments parsed = parse(verb, words);
      assertThat(parsed.has(name)).isTrue();
      assertThat(parsed.positionals())
          .isEqualTo(needed.isEmpty() ? List.of() : List.of(needed.split(" ")));
    }
  }

  @Test
  void smolvmsOtherVerbsAreRefusedByName() {
    for (String verb :
        List.of(
            "machine images",
            "machine prune",
            "machine monitor",
            "machine network-test",
            "machine fork",
            "machine fork-release",
            "pack run",
            "pack push",
            "pack pull",
            "pack prune",
            "serve start",
            "config show")) {
      Caller.Outcome outcome = Caller.smolvm().call(verb.split(" "));
      assertThat(outcome.exitCode()).isEqualTo(2);
      assertThat(outcome.err()).contains("is a command of smolvm that is not built yet");
    }
  }

  @Test
  void shortSwitchesMayBeWrittenTogether() {
    var parsed = parse("machine exec", List.of("-it", "--name=x", "ls"));
    assertThat(parsed.has("--interactive")).isTrue();
    assertThat(parsed.has("--tty")).isTrue();
    assertThat(parsed.value("--name")).contains("x");
    assertThat(parsed.positionals()).containsExactly("ls");
  }

  @Test
  void whatFollowsTheCommandIsTheCommandsOwn() {
    assertThat(parse("machine exec", List.of("--name", "x", "ls", "--name", "y", "-t")))
        .satisfies(
            parsed -> {
              assertThat(parsed.value("--name")).contains("x");
              assertThat(parsed.has("--tty")).isFalse();
              assertThat(parsed.positionals()).containsExactly("ls", "--name", "y", "-t");
            });
    assertThat(parse("machine exec", List.of("--", "--help", "--", "-x")).positionals())
        .containsExactly("--help", "--", "-x");
    assertThat(parse("machine exec", List.of("sh", "-c", "x", "--", "a", "--")).positionals())
        .containsExactly("sh", "-c", "x", "--", "a", "--");
  }

  @Test
  void argumentsAreTakenLiterally() {
    List<String> odd = List.of("", " ", "@/etc/passwd", "${sys:user.home}", "'a b'", "\"", "ä\n");
    List<String> words = new ArrayList<>(List.of("--name", "x", "--env", "A='${env:HOME}'", "--"));
    words.add("echo");
    words.addAll(odd);
    var parsed = parse("machine exec", words);
    assertThat(parsed.positionals().subList(1, odd.size() + 1)).isEqualTo(odd);
    assertThat(parsed.values("--env")).containsExactly("A='${env:HOME}'");
  }

  @Test
  void aMachinesCommandFollowsTheDashes() {
    var parsed = parse("machine create", List.of("web", "-e", "A=1", "--", "serve", "-e", "x"));
    assertThat(parsed.machineName()).contains("web");
    assertThat(parsed.command()).containsExactly("serve", "-e", "x");
    assertThat(parsed.values("--env")).containsExactly("A=1");
  }

  @Test
  void switchesWithoutEffectMayBeRepeated() {
    assertThatCode(() -> parse("machine exec", List.of("--stream", "--stream", "ls")))
        .doesNotThrowAnyException();
  }

  private static dev.carafe.cli.Arguments parse(String verb, List<String> words) {
    String[] path = verb.split(" ");
    return Help.grammar(
            Program.of("smolvm", Map.of()), path[0], path[1], Verbs.verb(path[0], path[1]))
        .parse(words);
  }
}
