package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.BlockedException;
import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a message's bytes on their way. Fed with one piece, it is asked for what becomes
 * of it until there is nothing, before the next piece. Keeps a bounded number of bytes. One thread.
 */
interface Pipe {
  /** Takes a piece over. */
  void feed(ByteBuf piece) throws BlockedException, Refused;

  /** The next bytes that may go on, not empty; null if there are none now. */
  @Nullable ByteBuf next() throws BlockedException, Refused;

  /** No more pieces come; there may be more bytes to ask for. */
  void finish() throws BlockedException, Refused;

  /** Nothing came for a moment: there may be more bytes to ask for. */
  void idle() throws Refused;

  /** What was found so far, at most some dozens; also after {@link #close}. */
  List<Finding> findings();

  /** Lets go of everything. */
  void close();
}
