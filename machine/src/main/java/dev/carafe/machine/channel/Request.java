package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A request while it is written: an operation and its fields. Not for use by several threads. */
final class Request {
  private final int operation;
  private final String attempted;
  private ByteBuffer out = ByteBuffer.allocate(1_024).order(ByteOrder.LITTLE_ENDIAN);

  /**
   * @param attempted what is asked for, as {@link MachineException} wants it
   */
  Request(int operation, String attempted) {
    this.operation = operation;
    this.attempted = attempted;
    out.put((byte) operation);
  }

  Request bytes(int tag, byte[] value) {
    field(tag, value.length).put(value);
    return this;
  }

  Request text(int tag, String value) {
    return bytes(tag, value.getBytes(StandardCharsets.UTF_8));
  }

  Request u8(int tag, int value) {
    field(tag, 1).put((byte) value);
    return this;
  }

  Request u16s(int tag, int first, int second) {
    field(tag, 4).putShort((short) first).putShort((short) second);
    return this;
  }

  Request u16(int tag, int value) {
    field(tag, 2).putShort((short) value);
    return this;
  }

  Request u32(int tag, int value) {
    field(tag, 4).putInt(value);
    return this;
  }

  Request u32s(int tag, int first, int second) {
    field(tag, 8).putInt(first).putInt(second);
    return this;
  }

  Request u64(int tag, long value) {
    field(tag, 8).putLong(value);
    return this;
  }

  private ByteBuffer field(int tag, int length) {
    long size = (long) out.position() + 5 + length;
    if (size > Protocol.MAX_REQUEST) {
      throw new MachineException(
          ErrorCode.INVALID,
          attempted,
          "the arguments and the environment together take more than "
              + Protocol.MAX_REQUEST
              + " bytes");
    }
    if (size > out.capacity()) {
      int capacity = (int) Math.min(Protocol.MAX_REQUEST, Math.max(size, 2L * out.capacity()));
      out =
          ByteBuffer.wrap(Arrays.copyOf(out.array(), capacity))
              .order(ByteOrder.LITTLE_ENDIAN)
              .position(out.position());
    }
    return out.put((byte) tag).putInt(length);
  }

  int operation() {
    return operation;
  }

  String attempted() {
    return attempted;
  }

  /** All of it, ready to be read. */
  ByteBuffer encoded() {
    return out.duplicate().flip();
  }
}
