package dev.carafe.it;

import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A program in a terminal of tmux's, of which one sees what a person would. */
final class Screen implements AutoCloseable {
  private final Path socket;

  /**
   * Starts a program.
   *
   * @param directory an empty one, for tmux's socket; with a short path
   */
  Screen(Path directory, int columns, int rows, List<String> command) throws Exception {
    socket = directory.resolve("tmux");
    List<String> start =
        new ArrayList<>(
            List.of("new-session", "-d", "-s", "t", "-x", "" + columns, "-y", "" + rows, "--"));
    start.addAll(command);
    tmux(start.toArray(String[]::new));
    tmux("set-option", "-g", "window-size", "manual");
    tmux("set-option", "-g", "remain-on-exit", "on");
  }

  private String tmux(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("tmux", "-S", socket.toString(), "-f", "/dev/null"));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(Lab.environment());
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return out;
  }

  /** Types text, letter by letter as it is. */
  void type(String text) throws Exception {
    tmux("send-keys", "-t", "t", "-l", text);
  }

  /** Presses a key by tmux's name for it: {@code Enter}, {@code C-c}. */
  void press(String key) throws Exception {
    tmux("send-keys", "-t", "t", key);
  }

  void resize(int columns, int rows) throws Exception {
    tmux("resize-window", "-t", "t", "-x", "" + columns, "-y", "" + rows);
  }

  /** What is seen, a line for each of the terminal's. */
  String text() throws Exception {
    return tmux("capture-pane", "-p", "-t", "t");
  }

  /** Waits until some text is seen. */
  void until(String text, Duration atMost) throws Exception {
    try {
      await().atMost(atMost).until(() -> text().contains(text));
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      throw new AssertionError("'" + text + "' is not seen, but:\n" + text(), e);
    }
  }

  @Override
  public void close() throws Exception {
    tmux("kill-server");
  }
}
