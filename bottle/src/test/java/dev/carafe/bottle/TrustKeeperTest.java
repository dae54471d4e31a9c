package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TrustKeeperTest {
  private final AtomicReference<String> certificate = new AtomicReference<>("first");
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final BlockingQueue<String> installed = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> notes = new LinkedBlockingQueue<>();
  private final TrustKeeper keeper = new TrustKeeper(this::install, certificate::get, notes::add);

  private void install(String pem) {
    switch (failure.get()) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError();
    }
    installed.add(pem);
  }

  @AfterEach
  void close() {
    keeper.close();
  }

  @Test
  void theGuestIsGivenEachCertificateOnce() {
    keeper.renew();
    keeper.renew();
    certificate.set("second");
    keeper.renew();
    assertThat(installed).containsExactly("first", "second");
  }

  @Test
  void whoAsksForItHasItDoneByAnother() throws Exception {
    keeper.renew();
    keeper.watch();
    certificate.set("second");
    keeper.renewSoon();
    assertThat(installed.take()).isEqualTo("first");
    assertThat(installed.poll(60, TimeUnit.SECONDS)).isEqualTo("second");
  }

  @Test
  void whatFailedIsToldAndDoneWhenItIsAskedForAgain() throws Exception {
    failure.set(new MachineException(ErrorCode.GUEST, "make it trust", "it is busy"));
    assertThatThrownBy(keeper::renew).isSameAs(failure.get());
    keeper.watch();
    keeper.renewSoon();
    assertThat(notes.poll(60, TimeUnit.SECONDS)).contains("it is busy");
    failure.set(null);
    keeper.renew();
    assertThat(installed).containsExactly("first");
  }

  @Test
  void itGoesOnAfterWhateverWentWrong() throws Exception {
    failure.set(new OutOfMemoryError("of the guest's doing"));
    keeper.watch();
    keeper.renewSoon();
    assertThat(notes.poll(60, TimeUnit.SECONDS)).contains("of the guest's doing");
    failure.set(null);
    keeper.renewSoon();
    assertThat(installed.poll(60, TimeUnit.SECONDS)).isEqualTo("first");
  }

  @Test
  void nothingIsInstalledOnceItIsClosed() {
    keeper.close();
    keeper.renew();
    assertThat(installed).isEmpty();
  }
}
