package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Nothing happens. */
final class PlainPipe implements Pipe {
  private @Nullable ByteBuf piece;

  @Override
  public void feed(ByteBuf piece) {
    this.piece = piece;
  }

  @Override
  public @Nullable ByteBuf next() {
    ByteBuf result = piece;
    piece = null;
    return result;
  }

  @Override
  public void finish() {}

  @Override
  public void idle() {}

  @Override
  public List<Finding> findings() {
    return List.of();
  }

  @Override
  public void close() {
    if (piece != null) {
      piece.release();
      piece = null;
    }
  }
}
