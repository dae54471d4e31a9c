package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.BlockedException;
import dev.carafe.egress.scan.BodyScan;
import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A body is scanned. What the scan lets go is copied: it is the scan's until it is fed again. */
final class ScanPipe implements Pipe {
  private final BodyScan scan;
  private @Nullable ByteBuf ready;

  ScanPipe(BodyScan scan) {
    this.scan = scan;
  }

  @Override
  public void feed(ByteBuf piece) throws BlockedException {
    try {
      more(scan.feed(piece.nioBuffer()));
    } finally {
      piece.release();
    }
  }

  private static ByteBuf copy(ByteBuffer bytes) {
    return ByteBufAllocator.DEFAULT.heapBuffer(bytes.remaining()).writeBytes(bytes);
  }

  @Override
  public @Nullable ByteBuf next() {
    ByteBuf result = ready;
    ready = null;
    return result;
  }

  @Override
  public void finish() throws BlockedException {
    more(scan.finish());
  }

  @Override
  public void idle() {
    more(scan.idle());
  }

  private void more(ByteBuffer bytes) {
    if (bytes.hasRemaining()) {
      ready = ready == null ? copy(bytes) : Unpooled.wrappedBuffer(ready, copy(bytes));
    }
  }

  @Override
  public List<Finding> findings() {
    return scan.findings();
  }

  @Override
  public void close() {
    scan.close();
    if (ready != null) {
      ready.release();
      ready = null;
    }
  }
}
