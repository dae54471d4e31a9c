package dev.carafe.cli;

import dev.carafe.machine.TerminalSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A terminal that remembers what was done to it. */
final class FakeTerminal implements Terminal {
  boolean input;
  boolean error;
  boolean outputHasReader = true;
  volatile TerminalSize size = new TerminalSize(50, 120);
  final List<String> modes = new ArrayList<>();

  @Override
  public boolean input() {
    return input;
  }

  @Override
  public boolean output() {
    return input;
  }

  @Override
  public boolean error() {
    return error;
  }

  @Override
  public boolean outputHasReader() {
    return outputHasReader;
  }

  @Override
  public Optional<TerminalSize> size() {
    return input ? Optional.of(size) : Optional.empty();
  }

  @Override
  public Raw raw() {
    modes.add("raw");
    return () -> modes.add("restored");
  }
}
