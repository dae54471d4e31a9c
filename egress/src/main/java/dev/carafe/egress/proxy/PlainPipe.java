package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;
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
  public void close() {
    if (piece != null) {
      piece.release();
      piece = null;
    }
  }
}
