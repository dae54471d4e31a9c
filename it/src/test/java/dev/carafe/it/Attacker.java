package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The program that attacks, {@code src/test/c}: static, so that it runs in any guest. */
final class Attacker {
  /** Where it is in the guest. */
  static final String PATH = "/usr/local/bin/attack";

  private Attacker() {}

  /** Compiles it. */
  static Path compile(Path directory) throws IOException, InterruptedException {
    Path program = directory.resolve("attack");
    List<String> command =
        new ArrayList<>(
            List.of("gcc", "-std=gnu17", "-D_GNU_SOURCE", "-static", "-O1", "-Wall", "-Wextra"));
    command.addAll(List.of("-Werror", "-o", program.toString()));
    try (Stream<Path> sources = Files.list(Lab.checkout().resolve("it/src/test/c"))) {
      sources.map(Path::toString).filter(name -> name.endsWith(".c")).forEach(command::add);
    }
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    return program;
  }
}
