package dev.carafe.cli.pick;

import dev.carafe.cli.pick.Key.Kind;
import java.util.ArrayList;
import java.util.List;
import org.jline.utils.AttributedString;

/**
 * Which of these, and in which order? Space and Enter take the current one or give it back; Ctrl-D,
 * and Enter at the last line, confirm; Escape and Ctrl-C cancel. Numbers show the order.
 */
final class Several<T> implements Question<List<T>> {
  private static final String HELP =
      "Space or Enter toggles, Ctrl-D or Enter at done confirms, Esc cancels";

  private final String words;
  private final ChoiceList<T> list;

  /** By index, in the order of choosing. */
  private final List<Integer> chosen = new ArrayList<>();

  /**
   * @throws IllegalArgumentException if something is preselected that is no choice
   */
  Several(String words, List<Choice<T>> choices, List<T> preselected) {
    this.words = words;
    this.list = new ChoiceList<>(choices, true);
    for (T value : preselected) {
      int index = 0;
      while (index < list.size() && !list.choice(index).value().equals(value)) {
        index++;
      }
      if (index == list.size()) {
        throw new IllegalArgumentException("preselected, but no choice: " + value);
      }
      if (!chosen.contains(index)) {
        chosen.add(index);
      }
    }
  }

  @Override
  public String words() {
    return words;
  }

  @Override
  public List<AttributedString> lines(int columns, int rows) {
    String last = chosen.isEmpty() ? "done: none" : "done: " + names();
    return ChoiceScreen.lines(words, list, this::mark, last, HELP, columns, rows);
  }

  private String mark(int index) {
    int place = chosen.indexOf(index);
    String number = place < 0 ? "" : Integer.toString(place + 1);
    int width = Integer.toString(list.size()).length();
    return "[" + " ".repeat(width - number.length()) + number + "] ";
  }

  private String names() {
    StringBuilder names = new StringBuilder();
    for (int index : chosen) {
      names.append(names.isEmpty() ? "" : ", ").append(list.choice(index).name());
    }
    return names.toString();
  }

  @Override
  public Step<List<T>> press(Key key) {
    if (key.kind() == Kind.ESCAPE || key.kind() == Kind.INTERRUPT) {
      return new Cancelled<>();
    }
    boolean toggles = key.kind() == Kind.ENTER || key.isCharacter(' ');
    if (key.kind() == Kind.END_OF_INPUT || toggles && list.atLastLine()) {
      return confirmed();
    }
    if (toggles && list.current().isPresent()) {
      Integer index = list.current().getAsInt();
      if (!chosen.remove(index)) {
        chosen.add(index);
      }
    } else if (!toggles) {
      list.press(key);
    }
    return new Asking<>();
  }

  private Step<List<T>> confirmed() {
    List<T> values = new ArrayList<>();
    for (int index : chosen) {
      values.add(list.choice(index).value());
    }
    return new Answered<>(List.copyOf(values), chosen.isEmpty() ? "none" : names());
  }
}
