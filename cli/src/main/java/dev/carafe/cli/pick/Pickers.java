package dev.carafe.cli.pick;

import dev.carafe.cli.pick.Question.Answered;
import dev.carafe.cli.pick.Question.Cancelled;
import dev.carafe.cli.pick.Question.Step;
import dev.carafe.machine.TerminalSize;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jline.utils.AttributedString;

/**
 * Asks the person at the terminal that controls this process, whatever standard input and output
 * are, and draws nowhere else. A question takes a few lines, redraws itself when the terminal is
 * resized, and leaves one line with the answer; a cancelled one leaves nothing.
 *
 * <p>All methods block until there is an answer. An empty result means that the question was
 * cancelled, that this thread was interrupted (which it then still is), or that the terminal went
 * away. The terminal is restored in any case, also when a signal ends this process meanwhile. One
 * question at a time in a process.
 */
public final class Pickers {
  private final Map<String, String> env;
  private final String hint;

  /**
   * @param env this process's environment, for {@code TERM}
   * @param hint what the user can do where nobody can be asked: {@code name the agent: carafe start
   *     NAME}
   */
  public Pickers(Map<String, String> env, String hint) {
    this.env = env;
    this.hint = hint;
  }

  /**
   * Asks for one of several. Arrow keys, {@code j} and {@code k} move; typing keeps the choices
   * whose name contains it, after {@code /} also with those letters; Enter takes; Escape, Ctrl-C
   * and Ctrl-D cancel.
   *
   * @param choices at least one
   * @throws NoTerminalException if there is no terminal
   * @throws IllegalArgumentException if there is no choice
   */
  public <T> Optional<T> one(String question, List<Choice<T>> choices) {
    if (choices.isEmpty()) {
      throw new IllegalArgumentException("nothing to choose from");
    }
    return ask(new OneOf<>(question, choices));
  }

  /**
   * Asks for any of several, in an order. Moving and typing are as in {@link #one}; Space or Enter
   * takes a choice, or gives it back; Ctrl-D, or Enter at the last line, confirms; Escape and
   * Ctrl-C cancel.
   *
   * @param choices may be empty, and then so is the answer
   * @param preselected values of choices, in order
   * @return values in the order of choosing
   * @throws NoTerminalException if there is no terminal
   * @throws IllegalArgumentException if something is preselected that is no choice
   */
  public <T> Optional<List<T>> many(String question, List<Choice<T>> choices, List<T> preselected) {
    return ask(new Several<>(question, choices, preselected));
  }

  /**
   * Asks for a line of text of at most 1,000 characters. Enter takes what is pre-filled, the first
   * character typed replaces it; Escape, Ctrl-C and Ctrl-D cancel.
   *
   * @return the text as it was typed; may be blank
   * @throws NoTerminalException if there is no terminal
   */
  public Optional<String> text(String question, String prefilled) {
    return ask(TextLine.text(question, prefilled));
  }

  /**
   * Asks for a line of at most 65,536 characters that is not shown, nor how long it is.
   *
   * @return the secret as it was typed; may be empty
   * @throws NoTerminalException if there is no terminal
   */
  public Optional<String> secret(String question) {
    return ask(TextLine.secret(question));
  }

  private <R> Optional<R> ask(Question<R> question) {
    String type = env.getOrDefault("TERM", "");
    if (type.isEmpty() || type.equals("dumb")) {
      throw new NoTerminalException(hint, null); // lines cannot be drawn in place
    }
    Tty tty;
    try {
      tty = Tty.open();
    } catch (IOException e) {
      throw new NoTerminalException(hint, e);
    }
    try (tty) {
      return answer(question, tty);
    } catch (IOException e) {
      return Optional.empty(); // the terminal has gone
    }
  }

  private static <R> Optional<R> answer(Question<R> question, Tty tty) throws IOException {
    TerminalSize size = tty.size();
    tty.draw(question.lines(size.columns(), size.rows()));
    while (!Thread.currentThread().isInterrupted()) {
      boolean resized = tty.resized();
      if (resized) {
        size = tty.size();
      }
      Optional<Key> key = tty.keys().next();
      if (key.isPresent()) {
        Step<R> step = question.press(key.get());
        if (step instanceof Answered<R> answered) {
          tty.leave(kept(question, answered, size.columns()));
          return Optional.of(answered.answer());
        }
        if (step instanceof Cancelled<R>) {
          break;
        }
      }
      if (resized || key.isPresent()) {
        tty.draw(question.lines(size.columns(), size.rows()));
      }
    }
    tty.erase();
    return Optional.empty();
  }

  private static AttributedString kept(Question<?> question, Answered<?> answered, int columns) {
    return new Row(columns)
        .add(question.words(), Row.BOLD)
        .add(" " + answered.shown(), Row.PLAIN)
        .done();
  }
}
