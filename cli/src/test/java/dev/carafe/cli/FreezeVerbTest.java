package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineStatus.State;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FreezeVerbTest {
  private final Caller caller = Caller.carafe();
  private FakeMachines.FakeMachine machine;

  @BeforeEach
  void start() {
    machine = caller.machines.running("web");
    var below = FakeRooms.image("debian:12", "a", List.of());
    machine.imageDigest = Optional.of(below.digest());
    // Its name has moved on: only the digest finds it.
    caller.rooms.images.stored.put(below.digest(), below);
    caller.rooms.images.stored.put("debian:12", FakeRooms.image("x", "c", List.of()));
  }

  @Test
  void theLayerGoesOnTheImageThatTheMachineStandsOn() {
    assertThat(
            caller.call("machine", "freeze", "web", "--tag", "web:1", "--exclude", "/root/.cache"))
        .isEqualTo(
            new Outcome(
                0,
                "Frozen: web:1 (dddddddddddd, 12.3 MB)\n",
                "Freezing machine 'web'...\nStoring web:1...\n"));
    assertThat(caller.machines.calls).containsExactly("freeze web [/root/.cache]");
    assertThat(caller.rooms.images.added)
        .isEqualTo("carafe machine freeze web on sha256:" + "a".repeat(64) + ": a layer");
  }

  @Test
  void asJson() {
    assertThat(
            caller.call("machine", "freeze", "-q", "-n", "web", "--tag", "web:1", "--json").out())
        .contains("\"digest\" : \"sha256:dddd", "\"deltas\" : [");
  }

  @Test
  void aNameForTheImageIsNeeded() {
    assertThat(caller.call("machine", "freeze", "web"))
        .isEqualTo(new Outcome(2, "", "error: no name for the image was given: --tag REF\n"));
    assertThat(caller.call("machine", "freeze", "web", "--tag", "x", "--exclude", "etc").err())
        .contains("it is an absolute path");
  }

  @Test
  void aMachineThatDoesNotRunIsNamed() {
    machine.state = State.STOPPED;
    assertThat(caller.call("machine", "freeze", "-q", "web", "--tag", "x").err())
        .isEqualTo(
            "Error: agent operation failed: connect: machine 'web' is not running. Use 'carafe"
                + " machine start --name web' first.\n");
    machine.imageDigest = Optional.empty();
    assertThat(caller.call("machine", "freeze", "-q", "web", "--tag", "x").exitCode()).isEqualTo(1);
    assertThat(caller.call("machine", "freeze", "-q", "nobody", "--tag", "x").err())
        .isEqualTo("Error: vm not found: nobody\n");
    assertThat(caller.rooms.images.added).isNull();
  }

  @Test
  void whatTheGuestSaysIsTheReason() {
    machine.freezeFails =
        new MachineException(ErrorCode.GUEST, "freeze machine 'web'", "no space left");
    assertThat(caller.call("machine", "freeze", "-q", "web", "--tag", "x"))
        .isEqualTo(
            new Outcome(
                1, "", "Error: agent operation failed: freeze machine 'web': no space left\n"));
    assertThat(caller.rooms.images.stored).doesNotContainKey("x");
  }

  @Test
  void anImageThatIsGoneIsSaid() {
    caller.rooms.images.stored.clear();
    assertThat(caller.call("machine", "freeze", "-q", "web", "--tag", "x").err())
        .contains("the image that machine 'web' stands on, sha256:", "is not in the store");
  }

  @Test
  void aSignalEndsItAndLeavesNothing() throws Exception {
    machine.freezeHangs = new CountDownLatch(1);
    CompletableFuture<Outcome> outcome =
        caller.start("machine", "freeze", "-q", "web", "--tag", "x");
    machine.freezeHangs.await();
    caller.signals.raise(Signals.INTERRUPT);
    assertThat(outcome.get(20, TimeUnit.SECONDS).exitCode()).isEqualTo(130);
    assertThat(caller.rooms.images.stored).doesNotContainKey("x");
    assertThat(caller.machines.calls).containsExactly("freeze web []", "freeze ended");
  }
}
