package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShellTest {
  private final Shell shell = new Shell();

  private Program program(Object command) throws ProviderException {
    return shell.program(Requests.declared(Optional.empty(), false, Map.of("command", command)));
  }

  @Test
  void itRunsAnyCommand() throws Exception {
    assertThat(program(List.of("make", "-C", "/x")).command()).containsExactly("make", "-C", "/x");
    assertThat(shell.program(Requests.NOTHING).command()).containsExactly("/bin/sh");
    assertThat(Requests.at(Path.of("/")).of(shell)).isEqualTo(Provision.none());
  }

  @Test
  void whatIsNoCommandIsSaid() {
    for (Object wrong : List.of("make -C /x", List.of(), List.of(1L), List.of(""))) {
      assertThatThrownBy(() -> program(wrong))
          .isInstanceOf(ProviderException.class)
          .hasMessageContaining("must be a list of words");
    }
    assertThatThrownBy(
            () ->
                shell.program(
                    Requests.declared(Optional.empty(), false, Map.of("comand", List.of("x")))))
        .hasMessageContaining("knows only the setting 'command'");
  }

  @Test
  void aCredentialWouldBeForNothing() {
    assertThatThrownBy(
            () -> Requests.at(Path.of("/")).token(new SecretReference.Variable("A")).of(shell))
        .hasMessageContaining("takes no credential");
  }
}
