package dev.carafe.machine;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What of a machine's changes goes into a layer. Immutable.
 *
 * @param leftOut absolute paths in the guest that the layer is not to have, with all below them;
 *     taken literally, at most 4,096; whether there is anything does not matter
 * @param rewritten by absolute path, what becomes of a file's content on its way into the layer;
 *     called by the thread that freezes. A file with holes, or of more than {@value
 *     #MOST_REWRITTEN_BYTES} bytes, stays as it is
 */
public record FreezeSpec(Set<String> leftOut, Map<String, UnaryOperator<byte[]>> rewritten) {
  /** The largest file whose content can be rewritten. */
  public static final int MOST_REWRITTEN_BYTES = 4 << 20;

  /** All changes, as they are. */
  public static final FreezeSpec ALL = without(Set.of());

  public FreezeSpec {
    leftOut = Set.copyOf(leftOut);
    rewritten = Map.copyOf(rewritten);
  }

  /** All changes but those at these paths. */
  public static FreezeSpec without(Set<String> paths) {
    return new FreezeSpec(paths, Map.of());
  }

  /** With the content of one file more changed. */
  public FreezeSpec rewriting(String path, UnaryOperator<byte[]> change) {
    Map<String, UnaryOperator<byte[]>> more = new HashMap<>(rewritten);
    more.put(path, change);
    return new FreezeSpec(leftOut, more);
  }
}
