package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.time.Duration;

/** A {@link Probe} under way. */
public final class Attempt implements AutoCloseable {
  private final Stream stream;
  private final String attempted;

  Attempt(Stream stream, String attempted) {
    this.stream = stream;
    this.attempted = attempted;
  }

  /** What came of it; {@link ErrorCode#TIMEOUT} when the guest does not say within the limit. */
  public Probe.Outcome await(Duration limit) {
    Stream.Result result = stream.await(Channel.nanos(limit));
    if (result == null) {
      throw new MachineException(
          ErrorCode.TIMEOUT, attempted, "the guest does not say what came of it");
    }
    if (result.kind() != Protocol.DONE) {
      throw Channel.unsuccessful(ErrorCode.GUEST, attempted, result);
    }
    return new Probe.Outcome(result.code(), result.message());
  }

  @Override
  public void close() {
    stream.cancel();
  }
}
