package dev.carafe.cli.pick;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sun.misc.Signal;

/**
 * A program that asks one question, for tests with a real terminal. Arguments: {@code one COUNT},
 * {@code many COUNT}, {@code text PREFILLED}, {@code secret}, {@code hostile}, {@code interrupted}.
 */
final class PickersProgram {
  private PickersProgram() {}

  public static void main(String[] args) {
    Pickers pickers = new Pickers(System.getenv(), "name the agent: carafe start NAME");
    try {
      Optional<?> answer =
          switch (args[0]) {
            case "one" -> pickers.one("Which number?", numbers(Integer.parseInt(args[1])));
            case "many" ->
                pickers.many("Which numbers?", numbers(Integer.parseInt(args[1])), List.of(3));
            case "text" -> pickers.text("Label?", args[1]);
            case "secret" -> pickers.secret("Token?");
            case "hostile" ->
                pickers.one(
                    "Which agent?",
                    List.of(new Choice<>("x", "a\033[2J\033]0;owned\007\r\nb", "\033[31m\u202e")));
            case "interrupted" -> {
              Thread worker = Thread.currentThread();
              Signal.handle(new Signal("TERM"), signal -> worker.interrupt());
              yield pickers.one("Which number?", numbers(3));
            }
            default -> throw new IllegalArgumentException(args[0]);
          };
      System.out.println(answer.isPresent() ? "answer=" + answer.get() : "cancelled");
      System.out.println("interrupted=" + Thread.currentThread().isInterrupted());
    } catch (NoTerminalException e) {
      System.out.println("Error: " + e.getMessage());
    }
  }

  private static List<Choice<Integer>> numbers(int count) {
    List<Choice<Integer>> numbers = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      numbers.add(new Choice<>(i, "number" + i, "the one after " + (i - 1)));
    }
    return numbers;
  }
}
