package dev.carafe.cli.pick;

import java.util.List;
import java.util.OptionalInt;
import org.jline.utils.AttributedString;

/** Which one of these? Enter takes the current one; Escape, Ctrl-C and Ctrl-D cancel. */
final class OneOf<T> implements Question<T> {
  private static final String HELP = "arrows or j k move, typing filters, Enter takes, Esc cancels";

  private final String words;
  private final ChoiceList<T> list;

  OneOf(String words, List<Choice<T>> choices) {
    this.words = words;
    this.list = new ChoiceList<>(choices, false);
  }

  @Override
  public String words() {
    return words;
  }

  @Override
  public List<AttributedString> lines(int columns, int rows) {
    return ChoiceScreen.lines(words, list, index -> "", "", HELP, columns, rows);
  }

  @Override
  public Step<T> press(Key key) {
    return switch (key.kind()) {
      case ESCAPE, INTERRUPT, END_OF_INPUT -> new Cancelled<>();
      case ENTER -> {
        OptionalInt current = list.current();
        if (current.isEmpty()) {
          yield new Asking<>();
        }
        Choice<T> choice = list.choice(current.getAsInt());
        yield new Answered<>(choice.value(), choice.name());
      }
      default -> {
        list.press(key);
        yield new Asking<>();
      }
    };
  }
}
