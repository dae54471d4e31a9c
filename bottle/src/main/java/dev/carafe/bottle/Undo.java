package dev.carafe.bottle;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What has to be undone when a launch fails or a session ends, the last first. One step that cannot
 * be undone keeps no other from it. Any thread.
 */
final class Undo {
  /** Undoes one step. */
  interface Action {
    void run() throws Exception;
  }

  private record Step(String what, Action action) {}

  /** What came out: sentences without a full stop. */
  record Outcome(List<String> undone, List<String> failed) {}

  private final Deque<Step> steps = new ArrayDeque<>();

  /**
   * A step has been done, or begun.
   *
   * @param what was undone when the action has run: {@code "the machine was removed"}
   */
  synchronized void push(String what, Action action) {
    steps.push(new Step(what, action));
  }

  /**
   * Undoes all steps. An interrupt does not cut it short; it is there again afterwards. Idempotent.
   */
  synchronized Outcome unwind() {
    boolean interrupted = Thread.interrupted();
    List<String> undone = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      try {
        step.action().run();
        undone.add(step.what());
      } catch (Exception | Error e) {
        // Whoever interrupts this once more has it finished all the same.
        interrupted |= Thread.interrupted() || e instanceof InterruptedException;
        failed.add("not done: " + step.what() + " (" + Sentence.reason(e) + ")");
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return new Outcome(undone, failed);
  }
}
