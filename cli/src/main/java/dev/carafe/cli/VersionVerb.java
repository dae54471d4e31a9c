package dev.carafe.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** {@code version}: the program's version; under the name smolvm, the version it follows. */
final class VersionVerb extends Verb {
  @Override
  String summary() {
    return "Prints the version.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.example("version");
  }

  @Override
  int run(Arguments arguments, Context context) {
    return print(context);
  }

  int print(Context context) {
    Program program = context.program();
    context
        .console()
        .line(program.name() + " " + (program.smolvm() ? program.dialect() : version()));
    return ExitCode.OK;
  }

  private static String version() {
    try (InputStream text = VersionVerb.class.getResourceAsStream("version.txt")) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
