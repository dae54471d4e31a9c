package dev.carafe.image.layer;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarLimits;
import dev.carafe.image.tar.TarPath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The tree that layers, applied one after the other from the lowest, leave behind. It knows which
 * entry of which layer every name stands for, and holds no contents.
 *
 * <p>The rules (OCI image specification, "Applying Changesets"), where they are easily got wrong:
 *
 * <ul>
 *   <li>A whiteout hides only what lower layers put there, wherever in its layer it stands.
 *   <li>A directory on a directory changes attributes and keeps children; every other meeting of
 *       two entries replaces, with all that was below.
 *   <li>A hard link shares its target's contents, not its name: when the target is replaced or
 *       hidden later, the link keeps what it had. So names hold a reference to an entry, and any
 *       surviving name can carry it.
 *   <li>A parent that is a symbolic link is followed, inside the image: {@code ..} stops at the
 *       root. A parent that does not exist becomes a plain directory.
 * </ul>
 */
final class MergedTree {
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  /** As many links in one path as Linux follows. */
  private static final int MOST_LINKS = 40;

  private static final long MOST_WHITEOUT_WORK = 200_000_000;

  /** What one name costs in heap beside its characters, roughly, measured with 64-bit headers. */
  private static final int NODE_BYTES = 160;

  /** One name in the tree. */
  static final class Node {
    final Node parent;
    final String name;

    /** The layer that put the name here. */
    int layer;

    /** Where the contents are: not {@link #layer} for a hard link to a lower layer's file. */
    int sourceLayer;

    int sourceEntry;

    /** By name; null for everything but directories. */
    Map<String, Node> children;

    /** Of directories, whose entries are not read a second time. */
    TarEntry attributes;

    /** Of symbolic links. */
    String target;

    /** Of {@link #path}, one slash more than it has. */
    final int pathBytes;

    /** The next name of the same file, once {@link #winners} has run. */
    Node next;

    Node(Node parent, String name) {
      this.parent = parent;
      this.name = name;
      pathBytes = parent == null ? 0 : parent.pathBytes + 1 + name.length();
    }

    boolean isDirectory() {
      return children != null;
    }

    /** From the root, without a slash at the front; empty for the root. */
    String path() {
      if (parent == null) {
        return "";
      }
      Deque<String> names = new ArrayDeque<>();
      for (Node node = this; node.parent != null; node = node.parent) {
        names.addFirst(node.name);
      }
      return String.join("/", names);
    }
  }

  private final Limits limits;
  private final Node root = new Node(null, "");
  private final List<Integer> entriesOfLayer = new ArrayList<>();
  private int layer = -1;
  private int entry;
  private int entries;
  private long fileBytes;
  private long indexBytes;
  private long whiteoutWork;

  MergedTree(Limits limits) {
    this.limits = limits;
    makeDirectory(root, TarEntry.plainDirectory(""));
  }

  /** The following entries are of a layer above all before. */
  void beginLayer() {
    layer++;
    entry = -1;
    entriesOfLayer.add(0);
  }

  /** Applies the next entry of the current layer. */
  void add(TarEntry added) throws BadArchiveException {
    entry++;
    entriesOfLayer.set(layer, entry + 1);
    if (++entries > limits.entries()) {
      throw new BadArchiveException("it has more than " + limits.entries() + " entries");
    }
    fileBytes += added.size();
    if (added.size() > limits.bytes() || fileBytes > limits.bytes()) {
      throw new BadArchiveException("its files are more than " + limits.bytes() + " bytes");
    }
    List<String> path = TarPath.components(added.name());
    if (path.isEmpty()) {
      if (added.type() != Type.DIRECTORY) {
        throw new BadArchiveException("the root is not a directory");
      }
      setAttributes(root, added);
      return;
    }
    String name = path.getLast();
    List<String> parents = path.subList(0, path.size() - 1);
    if (name.startsWith(WHITEOUT)) {
      whiteout(parents, name);
      return;
    }
    Node parent = parent(parents);
    switch (added.type()) {
      case DIRECTORY -> {
        Node existing = parent.children.get(name);
        Node directory =
            existing != null && existing.isDirectory() ? existing : replace(parent, name);
        setAttributes(directory, added);
      }
      case HARD_LINK -> hardLink(parent, name, added);
      case SYMBOLIC_LINK -> {
        if (added.link().isEmpty()
            || added.link().length() >= TarLimits.PATH_BYTES
            || added.link().indexOf('\0') >= 0) {
          throw new BadArchiveException(
              "the link " + TarPath.shown(added.name()) + " has no target that Linux allows");
        }
        Node link = here(replace(parent, name));
        link.target = added.link();
        account(added.link().length());
      }
      default -> here(replace(parent, name));
    }
  }

  private Node here(Node node) {
    node.sourceLayer = layer;
    node.sourceEntry = entry;
    return node;
  }

  private void hardLink(Node parent, String name, TarEntry added) throws BadArchiveException {
    List<String> path = TarPath.components(added.link());
    Node target = path.isEmpty() ? root : lookUp(path);
    if (target == null || target.isDirectory()) {
      throw new BadArchiveException(
          "the hard link "
              + TarPath.shown(added.name())
              + " leads to "
              + TarPath.shown(added.link())
              + ", which is not a file of the image");
    }
    if (parent.children.get(name) == target) {
      return; // a link to itself changes nothing
    }
    Node link = replace(parent, name);
    link.sourceLayer = target.sourceLayer;
    link.sourceEntry = target.sourceEntry;
    link.target = target.target;
  }

  private void whiteout(List<String> parents, String name) throws BadArchiveException {
    Node parent = resolve(parents, false);
    if (name.equals(OPAQUE)) {
      if (parent != null && parent.isDirectory()) {
        removeLower(parent);
      }
      return;
    }
    if (name.startsWith(WHITEOUT + WHITEOUT)) {
      return; // other bookkeeping of AUFS: of no meaning here
    }
    String hidden = name.substring(WHITEOUT.length());
    if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
      throw new BadArchiveException("the whiteout " + TarPath.shown(name) + " hides no name");
    }
    if (parent == null || !parent.isDirectory()) {
      return;
    }
    Node node = parent.children.get(hidden);
    if (node != null && isGoneAfterRemovingLower(node)) {
      parent.children.remove(hidden);
    }
  }

  private void removeLower(Node directory) throws BadArchiveException {
    for (Iterator<Node> all = directory.children.values().iterator(); all.hasNext(); ) {
      if (isGoneAfterRemovingLower(all.next())) {
        all.remove();
      }
    }
  }

  /**
   * Takes what lower layers put at or below {@code top}; true when {@code top} itself goes too. A
   * directory that only holds something of the current layer stays, as one nobody described.
   */
  private boolean isGoneAfterRemovingLower(Node top) throws BadArchiveException {
    count(1);
    if (!top.isDirectory()) {
      return top.layer != layer;
    }
    // Without recursion: a hostile tree may be two thousand directories deep. Children come after
    // their parents in the list, so going backwards empties from the leaves.
    List<Node> directories = new ArrayList<>(List.of(top));
    for (int i = 0; i < directories.size(); i++) {
      count(directories.get(i).children.size());
      directories.get(i).children.values().stream()
          .filter(Node::isDirectory)
          .forEach(directories::add);
    }
    for (Node directory : directories.reversed()) {
      directory
          .children
          .values()
          .removeIf(
              child -> child.layer != layer && (!child.isDirectory() || child.children.isEmpty()));
      if (directory.layer != layer) {
        directory.attributes = TarEntry.plainDirectory("");
      }
    }
    return top.layer != layer && top.children.isEmpty();
  }

  /** The directory at {@code path}, made where it is missing. */
  private Node parent(List<String> path) throws BadArchiveException {
    return resolve(path, true);
  }

  private Node lookUp(List<String> path) throws BadArchiveException {
    Node parent = resolve(path.subList(0, path.size() - 1), false);
    return parent == null || !parent.isDirectory() ? null : parent.children.get(path.getLast());
  }

  /**
   * Walks to {@code path}, following symbolic links inside the image.
   *
   * @return null when it is not there and {@code make} is false
   */
  private Node resolve(List<String> path, boolean make) throws BadArchiveException {
    Deque<String> rest = new ArrayDeque<>(path);
    Node at = root;
    int links = 0;
    while (!rest.isEmpty()) {
      String name = rest.removeFirst();
      if (name.equals("..")) { // only from a link's target
        at = at.parent == null ? at : at.parent;
        continue;
      }
      Node child = at.children.get(name);
      if (child != null && child.target != null) {
        if (++links > MOST_LINKS) {
          throw new BadArchiveException(
              "the links at " + TarPath.shown(child.path()) + " lead round in a circle");
        }
        List<String> target = linkComponents(child.target);
        if (child.target.startsWith("/")) {
          at = root;
        }
        target.reversed().forEach(rest::addFirst);
        continue;
      }
      if (child == null || !child.isDirectory()) {
        if (!make) {
          return null;
        }
        child = replace(at, name);
        makeDirectory(child, TarEntry.plainDirectory(""));
      }
      at = child;
    }
    return at;
  }

  /** Like {@link TarPath#components}, but {@code ..} may stand in a symbolic link's target. */
  private static List<String> linkComponents(String target) throws BadArchiveException {
    List<String> components = new ArrayList<>();
    for (String component : target.split("/")) {
      if (component.equals("..")) {
        components.add(component);
      } else {
        components.addAll(TarPath.components(component));
      }
    }
    return components;
  }

  private Node replace(Node parent, String name) throws BadArchiveException {
    Node node = new Node(parent, name);
    if (node.pathBytes > TarLimits.PATH_BYTES) { // links in a path can make it longer than it looks
      throw new BadArchiveException(
          "a path below " + TarPath.shown(parent.path()) + " is longer than Linux allows");
    }
    node.layer = layer;
    account(NODE_BYTES + name.length());
    parent.children.put(name, node);
    return node;
  }

  private void setAttributes(Node directory, TarEntry attributes) throws BadArchiveException {
    makeDirectory(directory, attributes.named(""));
    directory.layer = layer;
    for (Map.Entry<String, String> xattr : attributes.xattrs().entrySet()) {
      account(xattr.getKey().length() + xattr.getValue().length());
    }
  }

  private static void makeDirectory(Node node, TarEntry attributes) {
    if (node.children == null) {
      node.children = new HashMap<>(4);
    }
    node.attributes = attributes;
  }

  /** A layer of nothing but whiteouts over a large tree must not keep us busy for hours. */
  private void count(int visited) throws BadArchiveException {
    whiteoutWork += visited;
    if (whiteoutWork > MOST_WHITEOUT_WORK) {
      throw new BadArchiveException("its whiteouts hide far more than any image has");
    }
  }

  private void account(int bytes) throws BadArchiveException {
    indexBytes += bytes;
    if (indexBytes > limits.indexBytes()) {
      throw new BadArchiveException(
          "its list of files needs more than "
              + limits.indexBytes()
              + " bytes of memory; give the Java machine more (-Xmx) if it is meant to be so large");
    }
  }

  /** The root's own attributes. */
  TarEntry rootAttributes() {
    return root.attributes;
  }

  /** All files together, as the layers gave them: an upper bound of what is in the image. */
  long fileBytes() {
    return fileBytes;
  }

  /** All directories but the root, each after its parent, in the order of their names. */
  List<Node> directories() {
    List<Node> directories = new ArrayList<>();
    Deque<Node> rest = new ArrayDeque<>(List.of(root));
    while (!rest.isEmpty()) {
      Node node = rest.removeFirst();
      if (node != root) {
        directories.add(node);
      }
      sortedChildren(node).stream().filter(Node::isDirectory).forEach(rest::addLast);
    }
    return directories;
  }

  /**
   * For every layer and every entry in it, the first of the names that stand for it in the end;
   * null for most entries that were replaced. Call once, after the last entry.
   */
  Node[][] winners() {
    Node[][] winners = new Node[entriesOfLayer.size()][];
    for (int i = 0; i < winners.length; i++) {
      winners[i] = new Node[entriesOfLayer.get(i)];
    }
    Deque<Node> rest = new ArrayDeque<>(List.of(root));
    while (!rest.isEmpty()) {
      for (Node child : sortedChildren(rest.removeFirst())) {
        if (child.isDirectory()) {
          rest.addLast(child);
        } else {
          Node[] slots = winners[child.sourceLayer];
          Node first = slots[child.sourceEntry];
          if (first == null) {
            slots[child.sourceEntry] = child;
          } else {
            child.next = first.next;
            first.next = child;
          }
        }
      }
    }
    return winners;
  }

  private static List<Node> sortedChildren(Node directory) {
    List<Node> children = new ArrayList<>(directory.children.values());
    children.sort((a, b) -> a.name.compareTo(b.name));
    return children;
  }
}
