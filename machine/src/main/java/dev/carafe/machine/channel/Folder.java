package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A directory of a copy under way, with what its entry said. The tree of them is the host's own
 * knowledge of which names in a copy are directories; it is never asked of the file system.
 */
final class Folder {
  private final byte[] name;
  private final Entry entry;
  private final Map<String, Folder> children = new HashMap<>(4);

  Folder(Folder parent, byte[] name, Entry entry) {
    this.name = name;
    this.entry = entry;
    if (parent != null) {
      parent.children.put(key(name), this);
    }
  }

  /** Bytes as a text of the same length, so that they can be compared and hashed. */
  static String key(byte[] name) {
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  Folder child(String key) {
    return children.get(key);
  }

  /** Gives all directories below this one, which is at {@code here}, what their entries said. */
  void settleBelow(Path here, Attributes attributes) throws IOException {
    for (Folder child : children.values()) {
      Path there = here.resolve(Names.path(child.name));
      child.settleBelow(there, attributes);
      child.settle(there, attributes);
    }
  }

  /** Gives this directory, which is at {@code here}, what its entry said. */
  void settle(Path here, Attributes attributes) throws IOException {
    attributes.apply(here, entry);
  }
}
