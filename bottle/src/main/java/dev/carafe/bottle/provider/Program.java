package dev.carafe.bottle.provider;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What starts an agent, and with which arguments; pure functions of what a session asks for.
 *
 * @param command the program and what always follows it; at least one word
 * @param promptMode how the agent's prompt file is given
 * @param unattended what makes the program ask for no permissions: in a bottle, it need not
 * @param resume what makes it go on with its last session, right after the command
 * @param headless how it is run without a terminal; empty: as with one, and without a prompt
 */
public record Program(
    List<String> command,
    PromptMode promptMode,
    List<String> unattended,
    List<String> resume,
    Optional<Headless> headless) {
  static final String PROMPT = "{prompt}";

  public Program {
    if (command.isEmpty() || command.getFirst().isEmpty()) {
      throw new IllegalArgumentException("a program has a command");
    }
    command = List.copyOf(command);
    unattended = List.copyOf(unattended);
    resume = List.copyOf(resume);
  }

  /**
   * How a program does one task without a terminal.
   *
   * @param words right after the command: {@code exec}, {@code -p}
   * @param prompt the last arguments, of which one holds {@code {prompt}}, which stands for the
   *     text: {@code -- {prompt}}, {@code --prompt={prompt}}
   */
  public record Headless(List<String> words, List<String> prompt) {
    public Headless {
      words = List.copyOf(words);
      prompt = List.copyOf(prompt);
      if (prompt.stream().filter(word -> word.contains(PROMPT)).count() != 1) {
        throw new IllegalArgumentException("exactly one argument must hold " + PROMPT);
      }
    }

    /** With the text after {@code --}, where no program takes it for an option. */
    public static Headless of(String... words) {
      return new Headless(List.of(words), List.of("--", PROMPT));
    }
  }

  /**
   * The arguments for a session in a terminal.
   *
   * @param resumed it goes on with the last session
   * @param promptFile the guest's path of the agent's prompt; empty when it has none
   * @param user the user's own arguments
   */
  public List<String> interactive(boolean resumed, Optional<String> promptFile, List<String> user) {
    List<String> argv = new ArrayList<>(command);
    if (resumed) {
      argv.addAll(resume);
    }
    addOptions(argv, promptFile, user);
    reading(resumed, promptFile).ifPresent(text -> argv.addAll(List.of("--", text)));
    return List.copyOf(argv);
  }

  /**
   * The arguments for one task without a terminal.
   *
   * @param resumed it goes on with the last session
   * @param promptFile the guest's path of the agent's prompt; empty when it has none
   * @param user the user's own arguments
   * @param task what is to be done, as the user wrote it; never taken for an option
   * @throws IllegalStateException when the program takes no task
   */
  public List<String> headless(
      boolean resumed, Optional<String> promptFile, List<String> user, String task) {
    Headless how =
        headless.orElseThrow(() -> new IllegalStateException("the program takes no prompt"));
    List<String> argv = new ArrayList<>(command);
    argv.addAll(how.words());
    if (resumed) {
      argv.addAll(resume);
    }
    addOptions(argv, promptFile, user);
    String text = reading(resumed, promptFile).map(first -> first + "\n\n" + task).orElse(task);
    for (String word : how.prompt()) {
      argv.add(word.equals(PROMPT) ? alone(text, argv.getLast()) : word.replace(PROMPT, text));
    }
    return List.copyOf(argv);
  }

  private void addOptions(List<String> argv, Optional<String> promptFile, List<String> user) {
    argv.addAll(unattended);
    if (promptMode == PromptMode.APPEND_FILE) {
      promptFile.ifPresent(file -> argv.addAll(List.of("--append-system-prompt-file", file)));
    }
    argv.addAll(user);
  }

  /** A resumed session has read its prompt already. */
  private Optional<String> reading(boolean resumed, Optional<String> promptFile) {
    return promptMode == PromptMode.READ_PROMPT_FILE && !resumed
        ? promptFile.map(file -> "Read the file " + file + " first, and do as it says.")
        : Optional.empty();
  }

  /**
   * A text as an argument of its own; a blank keeps one that begins with '-' from being options.
   */
  private static String alone(String text, String before) {
    return text.startsWith("-") && !before.equals("--") ? " " + text : text;
  }
}
