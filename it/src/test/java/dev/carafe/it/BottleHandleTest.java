package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Carafe;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.Machines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a program that has launched a bottle can do with it. */
@Timeout(300)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BottleHandleTest {
  private static Machines machines;
  private static Carafe carafe;
  private static Bottle bottle;

  @BeforeAll
  static void launch(@TempDir Path directory) throws Exception {
    machines = Lab.machines();
    LaunchedBottle launched =
        LaunchedBottle.launch(
            machines,
            "shell",
            ", settings: {command: [/bin/sh, -c, 'exit 23']}",
            "routes: []\n",
            Map.of("COLOUR", "a 'blue' \"one\""),
            new HashMap<>(Lab.environment()),
            directory);
    carafe = launched.carafe();
    bottle = launched.handle();
  }

  @AfterAll
  static void end() {
    if (bottle != null) {
      bottle.close();
    }
    machines.close();
  }

  @Test
  void aScriptIsRunAsTheAgentWithItsHomeAndTheBottlesVariables() {
    ExecResult result = bottle.exec("id -un; echo $HOME $USER; pwd; echo \"$COLOUR\"; echo e >&2");
    assertThat(result.out()).isEqualTo("node\n/home/node node\n/home/node\na 'blue' \"one\"\n");
    assertThat(result.err()).isEqualTo("e\n");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void rootIsThereByRequest() {
    assertThat(bottle.exec("id -un; echo $HOME $USER", "root").out())
        .isEqualTo("root\n/root root\n");
  }

  @Test
  void noLoginShellIsStarted() {
    bottle.exec("echo 'echo from a profile' | tee /etc/profile /home/node/.profile", "root");
    assertThat(bottle.exec("echo alone").out()).isEqualTo("alone\n");
    assertThat(bottle.exec("tty").exitCode()).isEqualTo(1);
  }

  @Test
  void howACommandEndsIsAResultAndNeverAnException() {
    assertThat(bottle.exec("exit 7").exitCode()).isEqualTo(7);
    assertThat(bottle.exec("kill -KILL $$").exitCode()).isEqualTo(137);
    assertThat(bottle.exec("no-such-program").exitCode()).isEqualTo(127);
  }

  @Test
  void whatIsCopiedInIsTheAgentsAndComesOutAgain(@TempDir Path here) throws Exception {
    Path tree = Files.createDirectory(here.resolve("tree"));
    Files.writeString(tree.resolve("note"), "hello");
    bottle.copyIn(tree, "/home/node/tree");
    assertThat(bottle.exec("stat -c '%U %n' tree tree/note; cat tree/note").out())
        .isEqualTo("node tree\nnode tree/note\nhello");
    bottle.copyOut("/home/node/tree", here.resolve("back"));
    assertThat(here.resolve("back/note")).hasContent("hello");
  }

  @Test
  void anEmptyPathCopiesNothing(@TempDir Path here) throws Exception {
    bottle.copyIn(Path.of(""), "/home/node/nothing");
    bottle.copyIn(here, "");
    bottle.copyOut("", here.resolve("nothing"));
    assertThat(bottle.exec("test -e nothing").exitCode()).isEqualTo(1);
    assertThat(here).isEmptyDirectory();
  }

  @Test
  void theAgentsCommandCanBeRunFromAnyProcessAndItsExitCodeComesBack() {
    assertThat(bottle.agentArgv(List.of("--more"), true))
        .containsExactly("carafe", "exec", "--agent", "-it", bottle.name(), "--", "--more");
    assertThat(bottle.agentArgv(List.of(), false)).contains("-i").doesNotContain("-it");
    assertThat(bottle.execAgent(List.of(), false)).isEqualTo(23);
  }

  @Test
  void itsWayOutIsShutAndOpenedByWhoHasLaunchedIt() {
    String proxy = "exec 3<>/dev/tcp/10.91.0.1/9099 && echo reached";
    assertThat(bottle.isOpen()).isTrue();
    assertThat(bottle.exec("bash -c '" + proxy + "'").out()).isEqualTo("reached\n");
    bottle.shutWayOut();
    bottle.shutWayOut();
    assertThat(bottle.isOpen()).isFalse();
    bottle.openWayOut();
    bottle.openWayOut();
    assertThat(bottle.exec("bash -c '" + proxy + "'").out()).isEqualTo("reached\n");
    assertThat(carafe.get(bottle.name()).log())
        .content()
        .containsOnlyOnce("its way out was closed")
        .containsOnlyOnce("its way out was opened again");
    Bottle attached = carafe.attach(bottle.name());
    assertThatThrownBy(attached::shutWayOut)
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("by the process that launched it");
    attached.close();
    assertThat(bottle.isOpen()).isTrue();
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void itsEndIsItsEndHoweverOftenItIsClosed() {
    bottle.close();
    bottle.close();
    assertThat(carafe.list().bottles())
        .noneMatch(found -> found.record().slug().equals(bottle.name()));
    assertThat(machines.find(bottle.name())).isEmpty();
    assertThatThrownBy(bottle::openWayOut)
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("has ended");
  }
}
