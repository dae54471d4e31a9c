package dev.carafe.image.layer;

import dev.carafe.image.tar.TarEntry;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/** One name in a {@link MergedTree}. */
final class TreeNode {
  final TreeNode parent;
  final String name;

  /** The layer that put the name here. */
  int layer;

  /** Where the contents are: not {@link #layer} for a hard link to a lower layer's file. */
  int sourceLayer;

  int sourceEntry;

  /** By name; null for everything but directories. */
  Map<String, TreeNode> children;

  /** Of directories, whose entries are not read a second time. */
  TarEntry attributes;

  /** Of symbolic links. */
  String target;

  /** Nothing is here, whatever the image below has of that name. */
  boolean whiteout;

  /** Of directories: nothing that the image below has in it shows through. */
  boolean opaque;

  /** Of {@link #path}, one slash more than it has. */
  final int pathBytes;

  /** The next name of the same file, once {@link MergedTree#winners} has run. */
  TreeNode next;

  TreeNode(TreeNode parent, String name) {
    this.parent = parent;
    this.name = name;
    pathBytes = parent == null ? 0 : parent.pathBytes + 1 + name.length();
  }

  boolean isDirectory() {
    return children != null;
  }

  /** Whether all that can be at and below this directory is in the tree. */
  boolean isKnown() {
    TreeNode node = this;
    while (node != null && !node.opaque) {
      node = node.parent;
    }
    return node != null;
  }

  /** From the root, without a slash at the front; empty for the root. */
  String path() {
    if (parent == null) {
      return "";
    }
    Deque<String> names = new ArrayDeque<>();
    for (TreeNode node = this; node.parent != null; node = node.parent) {
      names.addFirst(node.name);
    }
    return String.join("/", names);
  }
}
