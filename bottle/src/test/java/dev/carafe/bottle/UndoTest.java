package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UndoTest {
  private final Undo undo = new Undo();
  private final List<String> done = new ArrayList<>();

  @Test
  void theLastStepIsUndoneFirst() {
    undo.push("the first", () -> done.add("first"));
    undo.push("the second", () -> done.add("second"));
    assertThat(undo.unwind().undone()).containsExactly("the second", "the first");
    assertThat(done).containsExactly("second", "first");
  }

  @Test
  void whatCannotBeUndoneIsSaidAndKeepsNothingFromIt() {
    undo.push("the first", () -> done.add("first"));
    undo.push(
        "the second",
        () -> {
          throw new IOException("the disk is away.");
        });
    Undo.Outcome outcome = undo.unwind();
    assertThat(outcome.undone()).containsExactly("the first");
    assertThat(outcome.failed()).containsExactly("not done: the second (the disk is away)");
  }

  @Test
  void itIsUndoneOnce() {
    undo.push("it", () -> done.add("it"));
    undo.unwind();
    assertThat(undo.unwind().undone()).isEmpty();
    assertThat(done).hasSize(1);
  }

  @Test
  void anInterruptDoesNotCutItShortAndIsThereAfterwards() {
    undo.push("the first", () -> done.add("first " + Thread.currentThread().isInterrupted()));
    undo.push(
        "the second",
        () -> {
          done.add("second " + Thread.currentThread().isInterrupted());
          Thread.currentThread().interrupt();
          throw new InterruptedException();
        });
    Thread.currentThread().interrupt();
    undo.unwind();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(done).containsExactly("second false", "first false");
  }
}
