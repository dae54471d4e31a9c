package dev.carafe.bottle.provider;

/** How a program is given the agent's prompt, which is a file in the guest. */
public enum PromptMode {
  /** {@code --append-system-prompt-file FILE}, before the user's arguments. */
  APPEND_FILE,

  /** A first message that says which file to read, after the user's arguments. */
  READ_PROMPT_FILE,

  /** Not at all. */
  NONE
}
