package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.BlockedException;
import dev.carafe.egress.scan.BodyScan;
import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The frames of a WebSocket in one direction (RFC 6455, 5) are read, what they carry is scanned,
 * and frames are written anew. Each message has a scan of its own; towards the server one more
 * looks at all messages as one stream, and one at all control frames, so that nothing passes in
 * slices. Messages stay what they are; where they are cut into frames may change. Keeps what is in
 * one piece, a control frame, and what the scans keep.
 */
final class FramePipe implements Pipe {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int CONTINUATION = 0;
  private static final int CONTROL = 8;
  private static final int POLICY_VIOLATION = 1008;
  private static final int BAD_GATEWAY = 1014;
  private static final int FINDINGS = 32;

  private final boolean masked;
  private final Supplier<BodyScan> scans;
  private final @Nullable BodyScan across;
  private final @Nullable BodyScan acrossControl;
  private final List<Finding> findings = new ArrayList<>();
  private final FrameHead head = new FrameHead();
  private final ByteBuf control = Unpooled.buffer(125, 125);
  private ByteBuf out = Unpooled.EMPTY_BUFFER;
  private ByteBuf payload = Unpooled.EMPTY_BUFFER;
  private @Nullable BodyScan message;
  private int opcode;
  private boolean begun;
  private long left;
  private long at;
  private boolean within;

  private FramePipe(boolean masked, Supplier<BodyScan> scans, @Nullable Supplier<BodyScan> across) {
    this.masked = masked;
    this.scans = scans;
    this.across = across == null ? null : across.get();
    this.acrossControl = across == null ? null : across.get();
  }

  static FramePipe toServer(Supplier<BodyScan> scans, Supplier<BodyScan> across) {
    return new FramePipe(true, scans, across);
  }

  static FramePipe toClient(Supplier<BodyScan> scans) {
    return new FramePipe(false, scans, null);
  }

  /** The frame that ends a WebSocket towards a client, with the reason. */
  static ByteBuf closing(Refused why) {
    byte[] reason = ("egress: " + why.reason()).getBytes(StandardCharsets.US_ASCII);
    int length = Math.min(reason.length, 123);
    return Unpooled.buffer(4 + length)
        .writeByte(0x88)
        .writeByte(2 + length)
        .writeShort(why.decided() ? POLICY_VIOLATION : BAD_GATEWAY)
        .writeBytes(reason, 0, length);
  }

  @Override
  public void feed(ByteBuf piece) throws BlockedException, Refused {
    try {
      out = Unpooled.buffer(piece.readableBytes() + 64);
      payload = Unpooled.buffer(piece.readableBytes() + 64);
      while (piece.isReadable()) {
        if (!within) {
          if (!head.read(piece)) {
            break;
          }
          open();
        }
        int here = (int) Math.min(left, piece.readableBytes());
        byte[] bytes = new byte[here];
        piece.readBytes(bytes);
        head.unmask(bytes, at);
        at += here;
        left -= here;
        take(bytes);
        if (left == 0) {
          close(head);
        }
      }
      if (payload.isReadable()) {
        write(false);
      }
    } finally {
      piece.release();
    }
  }

  private void open() throws Refused {
    head.check(masked, message != null);
    left = head.length();
    at = 0;
    within = true;
    if (head.opcode() < CONTROL && message == null) {
      message = scans.get();
      opcode = head.opcode();
      begun = false;
    }
    if (left == 0 && head.opcode() >= CONTROL) {
      control.clear();
    }
  }

  private void take(byte[] bytes) throws BlockedException {
    if (head.opcode() >= CONTROL) {
      control.writeBytes(bytes);
      return;
    }
    append(message.feed(ByteBuffer.wrap(bytes)));
  }

  private void append(ByteBuffer bytes) throws BlockedException {
    if (bytes.hasRemaining()) {
      if (across != null) {
        across.feed(bytes.duplicate());
      }
      payload.writeBytes(bytes);
    }
  }

  private void close(FrameHead frame) throws BlockedException, Refused {
    within = false;
    if (frame.opcode() >= CONTROL) {
      byte[] whole = new byte[control.readableBytes()];
      control.readBytes(whole);
      control.clear();
      whole = Masking.whole(scans.get(), whole);
      if (acrossControl != null) {
        acrossControl.feed(ByteBuffer.wrap(whole));
      }
      frame(true, frame.opcode(), Unpooled.wrappedBuffer(whole));
    } else if (frame.last()) {
      append(message.finish());
      if (findings.size() < FINDINGS) {
        findings.addAll(message.findings());
      }
      write(true);
      message = null;
    }
    frame.clear();
  }

  private void write(boolean last) {
    frame(last, begun ? CONTINUATION : opcode, payload);
    payload.clear();
    begun = true;
  }

  private void frame(boolean last, int code, ByteBuf content) {
    int length = content.readableBytes();
    out.writeByte((last ? 0x80 : 0) | code);
    int mask = masked ? 0x80 : 0;
    if (length < 126) {
      out.writeByte(mask | length);
    } else if (length < 1 << 16) {
      out.writeByte(mask | 126).writeShort(length);
    } else {
      out.writeByte(mask | 127).writeLong(length);
    }
    if (masked) {
      byte[] key = new byte[4];
      RANDOM.nextBytes(key);
      byte[] bytes = new byte[length];
      content.readBytes(bytes);
      FrameHead.xor(bytes, key, 0);
      out.writeBytes(key).writeBytes(bytes);
    } else {
      out.writeBytes(content);
    }
  }

  @Override
  public @Nullable ByteBuf next() {
    if (!out.isReadable()) {
      return null;
    }
    ByteBuf result = out;
    out = Unpooled.EMPTY_BUFFER;
    return result;
  }

  @Override
  public void finish() {}

  @Override
  public void idle() throws Refused {
    if (message == null || within && head.opcode() >= CONTROL) {
      return;
    }
    try {
      append(message.idle());
    } catch (BlockedException e) {
      throw Refused.found(e.finding());
    }
    if (payload.isReadable()) {
      out = Unpooled.buffer(payload.readableBytes() + 16);
      write(false);
    }
  }

  @Override
  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  @Override
  public void close() {
    if (message != null) {
      message.close();
    }
    if (across != null) {
      across.close();
      acrossControl.close();
    }
    out = Unpooled.EMPTY_BUFFER;
  }
}
