package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Network;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import dev.carafe.machine.channel.Channel;
import dev.carafe.machine.channel.FakeGuest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a guest says of its attempts, and what the host makes of that. */
@Timeout(60)
class ProverTest {
  private static final int PROBE = 9;
  private static final int TCP = 1;
  private static final int DNS = 4;
  private static final int INTERFACES = 5;
  private static final int UNREACHABLE = 101;
  private static final Network ALLOWED =
      Network.of(List.of(Cidr.parse("192.0.2.0/24")), List.of("example.org"));

  @TempDir Path directory;
  private FakeGuest guest;
  private Channel channel;
  private final AtomicInteger gate = new AtomicInteger(7);

  /** What the guest was asked to try. */
  private record Asked(int kind, String address, int port) {
    boolean atGate() {
      return kind == TCP
          && port == Gate.PORT
          && (address.equals(Services.ADDRESS) || address.startsWith("192.0.2."));
    }
  }

  /** What it says came of that. */
  private interface Answer {
    String to(Asked asked);
  }

  @BeforeEach
  void connect() throws Exception {
    guest = new FakeGuest(directory);
    channel = guest.channel();
  }

  @AfterEach
  void disconnect() throws Exception {
    guest.close();
    channel.close();
  }

  /** What a machine does whose network is as it should be. */
  private String honestly(Asked asked) {
    if (asked.atGate()) {
      gate.incrementAndGet();
    }
    return claimed(asked);
  }

  /** The same words, without anything behind them. */
  private String claimed(Asked asked) {
    return switch (asked.kind()) {
      case INTERFACES -> "lo";
      case DNS -> "NXDOMAIN";
      default -> asked.atGate() ? "" : "refused";
    };
  }

  private List<Proof> proved(Optional<IntSupplier> seen, Answer answer) throws Exception {
    var proofs =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Prover.all(channel, ALLOWED, Services.NONE, seen);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    proofs.whenComplete((done, failure) -> closeQuietly());
    try {
      while (true) {
        FakeGuest.Frame frame = guest.next();
        ByteBuffer probe = ByteBuffer.wrap(frame.payload()).order(ByteOrder.LITTLE_ENDIAN);
        if (probe.get(0) == PROBE) {
          String said = answer.to(asked(probe));
          int errno = said.equals("refused") ? UNREACHABLE : 0;
          guest.result(frame.stream(), 0, errno, errno == 0 ? said : "");
        }
      }
    } catch (IOException e) {
      // All is tried.
    }
    return proofs.get();
  }

  private void closeQuietly() {
    channel.close();
  }

  private static Asked asked(ByteBuffer probe) {
    int kind = 0;
    String address = "";
    int port = 0;
    for (probe.position(1); probe.hasRemaining(); ) {
      int tag = probe.get();
      byte[] value = new byte[probe.getInt()];
      probe.get(value);
      ByteBuffer number = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
      switch (tag) {
        case 1 -> kind = value[0];
        case 2 -> address = Cidr.text(value);
        case 3 -> port = number.getShort() & 0xffff;
        default -> {}
      }
    }
    return new Asked(kind, address, port);
  }

  private static List<String> broken(List<Proof> proofs) {
    return proofs.stream().filter(proof -> !proof.holds()).map(Proof::attempt).toList();
  }

  @Test
  void whatIsAsItShouldBeHolds() throws Exception {
    List<Proof> proofs = proved(Optional.of(gate::get), this::honestly);
    assertThat(broken(proofs)).isEmpty();
    assertThat(proofs).hasSizeGreaterThan(10).filteredOn(Proof::mustFail).hasSizeGreaterThan(8);
    assertThat(gate).hasValueGreaterThan(7);
  }

  @Test
  void whatGoesThroughAndMustNotDoesNotHold() throws Exception {
    List<Proof> proofs =
        proved(
            Optional.of(gate::get),
            asked -> asked.address().startsWith("169.254.") ? "" : honestly(asked));
    assertThat(broken(proofs)).hasSize(2).allMatch(attempt -> attempt.contains("169.254."));
  }

  @Test
  void whatDoesNotGoThroughAndMustDoesNotHold() throws Exception {
    List<Proof> proofs =
        proved(Optional.empty(), asked -> asked.atGate() ? "refused" : honestly(asked));
    assertThat(broken(proofs)).hasSize(2).allMatch(attempt -> attempt.startsWith("the gateway"));
  }

  @Test
  void anotherInterfaceOrAnAnsweredNameDoesNotHold() throws Exception {
    List<Proof> proofs =
        proved(
            Optional.of(gate::get),
            asked ->
                switch (asked.kind()) {
                  case INTERFACES -> "lo eth0";
                  case DNS -> "192.0.2.7";
                  default -> honestly(asked);
                });
    assertThat(broken(proofs))
        .hasSize(2)
        .anyMatch(attempt -> attempt.startsWith("network interfaces"))
        .anyMatch(attempt -> attempt.startsWith("a name that is not allowed"));
  }

  @Test
  void whatTheHostHasNotSeenDoesNotHoldWhateverTheGuestSays() throws Exception {
    List<Proof> proofs = proved(Optional.of(gate::get), this::claimed);
    assertThat(broken(proofs)).hasSize(2).allMatch(attempt -> attempt.startsWith("the gateway"));
    assertThat(proofs.getLast().outcome())
        .isEqualTo("it went through, but 0 connections came to this host instead of 2");
  }

  @Test
  void whatTheHostHasSeenAndMustFailDoesNotHoldWhateverTheGuestSays() throws Exception {
    List<Proof> proofs =
        proved(
            Optional.of(gate::get),
            asked -> {
              if (asked.kind() == TCP && asked.port() == Gate.PORT) {
                gate.incrementAndGet(); // wherever it leads
              }
              return claimed(asked);
            });
    assertThat(broken(proofs)).hasSize(2);
    assertThat(proofs.getLast().outcome()).contains("connections came to this host instead of 2");
  }

  @Test
  void withoutAWordFromWhoHoldsItTheGuestsIsTaken() throws Exception {
    assertThat(broken(proved(Optional.empty(), this::claimed))).isEmpty();
  }
}
