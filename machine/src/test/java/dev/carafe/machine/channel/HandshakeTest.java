package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a session begins, with a guest that does not always keep to the rules. */
@Timeout(60)
class HandshakeTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  @TempDir Path temp;
  private FakeGuest guest;

  @BeforeEach
  void connect() throws IOException {
    guest = new FakeGuest(temp);
  }

  @AfterEach
  void disconnect() throws IOException {
    guest.close();
  }

  private CompletableFuture<Channel> opening() {
    return guest.opening(true, LONG, Patience.NORMAL);
  }

  private static void assertFails(
      CompletableFuture<Channel> opening, ErrorCode code, String message) {
    assertThatThrownBy(opening::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(MachineException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void theFlagSaysWhetherTheMachineIsConfigured(int flag) throws Exception {
    var opening = opening();
    guest.expectHello();
    guest.welcome(flag);
    try (Channel channel = opening.get()) {
      assertThat(channel.configured()).isEqualTo(flag == 1);
      assertThat(channel.isOpen()).isTrue();
    }
  }

  @Test
  void aCleanPortGetsNoPadding() throws Exception {
    var opening = opening();
    assertThat(guest.readByte()).isEqualTo(Protocol.HELLO);
    guest.hangUp();
    assertFails(opening, ErrorCode.LOST, "");
  }

  @Test
  void aPortThatBrokeOffGetsAFramesLengthOfPadding() throws Exception {
    var opening = guest.opening(false, LONG, Patience.NORMAL);
    for (int i = 0; i < 12 + 65_536; i++) {
      assertThat(guest.readByte()).isZero();
    }
    guest.expectHello();
    guest.welcome(0);
    opening.get().close();
  }

  @Test
  void everyGreetingHasItsOwnNonce() throws Exception {
    guest.channel().close();
    byte[] first = guest.nonce();
    try (FakeGuest other = new FakeGuest(temp)) {
      other.channel().close();
      assertThat(other.nonce()).isNotEqualTo(first).isNotEqualTo(new byte[16]);
    }
  }

  @Test
  void whateverAnEarlierSessionLeftIsSkipped() throws Exception {
    var opening = opening();
    guest.expectHello();
    byte[] left = new byte[3_000_000];
    new Random(3).nextBytes(left);
    guest.send(left);
    guest.send(FakeGuest.frame(Protocol.DATA, 1, 77, new byte[1_000]));
    byte[] welcome =
        FakeGuest.frame(Protocol.WELCOME, 0, 0, FakeGuest.welcomePayload(guest.nonce(), 1, 0));
    guest.send(Arrays.copyOf(welcome, 35));
    guest.send(FakeGuest.frame(Protocol.RESULT, 0, 5, FakeGuest.resultPayload(0, 0, "")));
    guest.send(welcome);
    opening.get().close();
  }

  @Test
  void theAnswerMayComeByteByByte() throws Exception {
    var opening = opening();
    guest.expectHello();
    byte[] welcome =
        FakeGuest.frame(Protocol.WELCOME, 0, 0, FakeGuest.welcomePayload(guest.nonce(), 1, 1));
    for (byte b : welcome) {
      guest.send(new byte[] {b});
    }
    opening.get().close();
  }

  @Test
  void aWelcomeWithAnotherNonceIsNoAnswer() throws Exception {
    var opening = opening();
    guest.expectHello();
    byte[] other = guest.nonce();
    other[15] ^= 1;
    guest.send(FakeGuest.frame(Protocol.WELCOME, 0, 0, FakeGuest.welcomePayload(other, 1, 1)));
    guest.welcome(0);
    try (Channel channel = opening.get()) {
      assertThat(channel.configured()).isFalse();
    }
  }

  @Test
  void aGuestThatOnlyForgesIsGivenUpAtTheDeadline() throws Exception {
    var opening = guest.opening(true, Duration.ofMillis(100), Patience.NORMAL);
    guest.expectHello();
    guest.send(
        FakeGuest.frame(Protocol.WELCOME, 0, 0, FakeGuest.welcomePayload(new byte[16], 1, 1)));
    assertFails(opening, ErrorCode.TIMEOUT, "not answered within 100 milliseconds");
    assertThat(guest.readByte()).isEqualTo(-1);
  }

  @Test
  void aGuestThatSendsOnAndOnIsGivenUp() throws Exception {
    var opening = opening();
    guest.expectHello();
    byte[] noise = new byte[1 << 20];
    Arrays.fill(noise, (byte) Protocol.WELCOME);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 64; i++) {
                guest.send(noise);
              }
            })
        .isInstanceOf(IOException.class);
    assertFails(opening, ErrorCode.GUEST, "not the answer to our greeting");
  }

  @Test
  void aGuestThatReadsNothingIsGivenUpAtTheDeadline() {
    assertFails(
        guest.opening(false, Duration.ofMillis(50), Patience.NORMAL), ErrorCode.TIMEOUT, "50");
  }

  @Test
  void aGuestThatSpeaksNoVersionOfOursIsNamedSo() throws Exception {
    var opening = opening();
    guest.expectHello();
    guest.send(
        FakeGuest.frame(Protocol.WELCOME, 0, 0, FakeGuest.welcomePayload(guest.nonce(), 0, 0)));
    assertFails(opening, ErrorCode.GUEST, "another version of Carafe");
  }

  /** Where in the welcome's payload a wrong byte makes it an error; the nonce and magic do not. */
  @ParameterizedTest
  @ValueSource(ints = {24, 25, 26, 27, 28, 31, 32, 36, 38, 40, 43})
  void aWelcomeWithImpossibleTermsIsRefused(int offset) throws Exception {
    var opening = opening();
    guest.expectHello();
    byte[] payload = FakeGuest.welcomePayload(guest.nonce(), 1, 0);
    payload[offset] ^= 2;
    guest.send(FakeGuest.frame(Protocol.WELCOME, 0, 0, payload));
    assertFails(opening, ErrorCode.GUEST, "impossible terms");
  }

  @Test
  void aConnectionThatEndsIsLost() throws Exception {
    var opening = opening();
    guest.expectHello();
    guest.hangUp();
    assertFails(opening, ErrorCode.LOST, "");
  }
}
