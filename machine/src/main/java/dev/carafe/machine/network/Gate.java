package dev.carafe.machine.network;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What answers at port 1 of every allowed address, without connecting to anything: so a machine's
 * network can be tried from inside without a stranger noticing. Says a word and hangs up.
 */
final class Gate extends Flow {
  static final int PORT = 1;

  Gate(Relay relay, int id) {
    super(relay, id);
    accept();
    dataDue = "carafe\n".getBytes(StandardCharsets.US_ASCII);
    end();
  }

  @Override
  void onData(ByteBuffer bytes, boolean end) {
    consumed(bytes.remaining());
    bytes.position(bytes.limit());
    endReceived |= end;
    if (endReceived) {
      relay.over(this);
    }
  }

  @Override
  void abandon() {
    relay.outgoing().forget(this);
  }
}
