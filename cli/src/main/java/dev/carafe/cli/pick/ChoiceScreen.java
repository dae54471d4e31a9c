package dev.carafe.cli.pick;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jline.utils.AttributedString;

/**
 * How a list of choices looks: the question and what is typed, the choices, which keys there are.
 * In a terminal with no room for all three, the choices stay longest.
 */
final class ChoiceScreen {
  private ChoiceScreen() {}

  /**
   * Draws.
   *
   * @param mark what stands between the pointer and a choice's name
   * @param last the line after the choices, if the list has one
   * @param help which keys there are
   */
  static <T> List<AttributedString> lines(
      String question,
      ChoiceList<T> list,
      IntFunction<String> mark,
      String last,
      String help,
      int columns,
      int rows) {
    List<AttributedString> lines = new ArrayList<>();
    if (rows > 1) {
      lines.add(head(question, list, columns));
    }
    List<ChoiceList.Line> window = list.window(Math.max(1, rows - 2));
    int widest = widest(list, window, columns);
    for (ChoiceList.Line line : window) {
      Row row = new Row(columns);
      row.add(line.current() ? "> " : "  ", Row.BOLD);
      if (line.choice().isPresent()) {
        int index = line.choice().getAsInt();
        Choice<T> choice = list.choice(index);
        row.add(mark.apply(index), Row.PLAIN);
        int start = columns - row.room();
        row.add(choice.name(), line.current() ? Row.BOLD : Row.PLAIN);
        if (!choice.description().isEmpty()) {
          row.to(start + widest).add("  " + choice.description(), Row.FAINT);
        }
      } else {
        row.add(last, line.current() ? Row.BOLD : Row.PLAIN);
      }
      lines.add(row.done());
    }
    if (list.matches() == 0 && lines.size() < rows) {
      lines.add(
          Math.min(1, lines.size()),
          new Row(columns).add("  nothing is called so", Row.FAINT).done());
    }
    if (lines.size() < rows) {
      String count = list.matches() + " of " + list.size() + " | ";
      lines.add(new Row(columns).add(count + help, Row.FAINT).done());
    }
    return lines;
  }

  private static AttributedString head(String question, ChoiceList<?> list, int columns) {
    Row head = new Row(columns).add(question, Row.BOLD);
    if (list.typing()) {
      // What was typed last is what has to be seen.
      String filter = Row.end(list.filter(), head.room() - 3);
      head.add("  ", Row.PLAIN).add(filter, Row.PLAIN).add(" ", Row.INVERSE);
    }
    return head.done();
  }

  /** How wide the names in view are; descriptions begin after them, if that leaves them room. */
  private static <T> int widest(ChoiceList<T> list, List<ChoiceList.Line> window, int columns) {
    int widest = 0;
    for (ChoiceList.Line line : window) {
      if (line.choice().isPresent()) {
        widest = Math.max(widest, Row.width(list.choice(line.choice().getAsInt()).name()));
      }
    }
    return Math.min(widest, columns / 2);
  }
}
