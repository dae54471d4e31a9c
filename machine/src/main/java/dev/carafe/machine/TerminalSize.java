package dev.carafe.machine;

/** The size of a terminal in characters, each 1 to 65,535. */
public record TerminalSize(int rows, int columns) {
  public TerminalSize {
    if (rows < 1 || rows > 0xffff || columns < 1 || columns > 0xffff) {
      throw new MachineException(
          ErrorCode.INVALID,
          "use a terminal of " + rows + "x" + columns,
          "rows and columns are 1 to 65535");
    }
  }
}
