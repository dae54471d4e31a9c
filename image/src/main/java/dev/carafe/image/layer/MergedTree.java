package dev.carafe.image.layer;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarLimits;
import dev.carafe.image.tar.TarPath;
import java.io.IOException;
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
 *
 * <p>A tree may stand on an image that it does not know ({@code onTop}). Then it remembers what
 * hides something of that image: names that are gone, and directories through which nothing shows.
 * Such a tree refuses whatever leans on the image below, by {@link UnknownBelowException}.
 */
final class MergedTree {
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  /** As many links in one path as Linux follows. */
  private static final int MOST_LINKS = 40;

  private static final long MOST_WHITEOUT_WORK = 200_000_000;

  /** What one name costs in heap beside its characters, roughly, measured with 64-bit headers. */
  private static final int NODE_BYTES = 160;

  private final Limits limits;
  private final TreeNode root = new TreeNode(null, "");
  private final List<Integer> entriesOfLayer = new ArrayList<>();
  private int layer = -1;
  private int entry;
  private int entries;
  private long fileBytes;
  private long indexBytes;
  private long whiteoutWork;

  /**
   * @param onTop the layers stand on an image that is not among them
   */
  MergedTree(Limits limits, boolean onTop) {
    this.limits = limits;
    makeDirectory(root, TarEntry.plainDirectory(""));
    root.opaque = !onTop;
  }

  /** The following entries are of a layer above all before. */
  void beginLayer() {
    layer++;
    entry = -1;
    entriesOfLayer.add(0);
  }

  /** Applies the next entry of the current layer. */
  void add(TarEntry added) throws IOException {
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
    TreeNode parent = parent(parents);
    switch (added.type()) {
      case DIRECTORY -> {
        TreeNode existing = parent.children.get(name);
        boolean merges = existing != null && existing.isDirectory();
        TreeNode directory = merges ? existing : replace(parent, name);
        if (existing != null && !merges) {
          directory.opaque = true; // what stood here hid what is below
        }
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
        TreeNode link = here(replace(parent, name));
        link.target = added.link();
        account(added.link().length());
      }
      default -> here(replace(parent, name));
    }
  }

  private TreeNode here(TreeNode node) {
    node.sourceLayer = layer;
    node.sourceEntry = entry;
    return node;
  }

  private void hardLink(TreeNode parent, String name, TarEntry added) throws IOException {
    List<String> path = TarPath.components(added.link());
    TreeNode target = path.isEmpty() ? root : lookUp(path);
    if (target == null || target.isDirectory() || target.whiteout) {
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
    TreeNode link = replace(parent, name);
    link.sourceLayer = target.sourceLayer;
    link.sourceEntry = target.sourceEntry;
    link.target = target.target;
  }

  private void whiteout(List<String> parents, String name) throws IOException {
    TreeNode parent = resolve(parents, false);
    if (name.equals(OPAQUE)) {
      if (parent == root && !root.opaque) {
        throw new UnknownBelowException("the root"); // overlayfs knows no opaque root
      }
      if (parent != null && parent.isDirectory()) {
        removeLower(parent);
        parent.opaque = true;
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
    TreeNode node = parent.children.get(hidden);
    if (node != null && isGoneAfterRemovingLower(node)) {
      parent.children.remove(hidden);
    }
    if (!parent.isKnown()) {
      hideBelow(parent, hidden);
    }
  }

  /** A file of the whiteout's own layer hides what is below by itself. */
  private void hideBelow(TreeNode parent, String hidden) throws IOException {
    TreeNode left = parent.children.get(hidden);
    if (left == null) {
      replace(parent, hidden).whiteout = true;
    } else if (left.isDirectory()) {
      left.opaque = true;
    }
  }

  private void removeLower(TreeNode directory) throws IOException {
    for (Iterator<TreeNode> all = directory.children.values().iterator(); all.hasNext(); ) {
      if (isGoneAfterRemovingLower(all.next())) {
        all.remove();
      }
    }
  }

  /**
   * Takes what lower layers put at or below {@code top}; true when {@code top} itself goes too. A
   * directory that only holds something of the current layer stays, as one nobody described.
   */
  private boolean isGoneAfterRemovingLower(TreeNode top) throws IOException {
    count(1);
    if (!top.isDirectory()) {
      return top.whiteout || top.layer != layer;
    }
    // Without recursion: a hostile tree may be two thousand directories deep. Children come after
    // their parents in the list, so going backwards empties from the leaves.
    List<TreeNode> directories = new ArrayList<>(List.of(top));
    for (int i = 0; i < directories.size(); i++) {
      count(directories.get(i).children.size());
      directories.get(i).children.values().stream()
          .filter(TreeNode::isDirectory)
          .forEach(directories::add);
    }
    for (TreeNode directory : directories.reversed()) {
      directory
          .children
          .values()
          .removeIf(
              child ->
                  child.whiteout
                      || child.layer != layer
                          && (!child.isDirectory() || child.children.isEmpty()));
      if (directory.layer != layer) {
        directory.attributes = TarEntry.plainDirectory("");
      }
    }
    return top.layer != layer && top.children.isEmpty();
  }

  /** The directory at {@code path}, made where it is missing. */
  private TreeNode parent(List<String> path) throws IOException {
    return resolve(path, true);
  }

  private TreeNode lookUp(List<String> path) throws IOException {
    TreeNode parent = resolve(path.subList(0, path.size() - 1), false);
    if (parent == null || !parent.isDirectory()) {
      return null;
    }
    TreeNode found = parent.children.get(path.getLast());
    if (found == null && !parent.isKnown()) {
      throw new UnknownBelowException(TarPath.shown(String.join("/", path)));
    }
    return found;
  }

  /**
   * Walks to {@code path}, following symbolic links inside the image.
   *
   * @return null when it is not there and {@code make} is false
   */
  private TreeNode resolve(List<String> path, boolean make) throws IOException {
    Deque<String> rest = new ArrayDeque<>(path);
    TreeNode at = root;
    int links = 0;
    while (!rest.isEmpty()) {
      String name = rest.removeFirst();
      if (name.equals("..")) { // only from a link's target
        at = at.parent == null ? at : at.parent;
        continue;
      }
      TreeNode child = at.children.get(name);
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
      if (child == null && !at.isKnown()) {
        throw new UnknownBelowException(TarPath.shown(String.join("/", path)));
      }
      if (child == null || !child.isDirectory()) {
        if (!make) {
          return null;
        }
        boolean replaces = child != null;
        child = replace(at, name);
        child.opaque = replaces;
        makeDirectory(child, TarEntry.plainDirectory(""));
      }
      at = child;
    }
    return at;
  }

  /** Like {@link TarPath#components}, but {@code ..} may stand in a symbolic link's target. */
  private static List<String> linkComponents(String target) throws IOException {
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

  private TreeNode replace(TreeNode parent, String name) throws IOException {
    TreeNode node = new TreeNode(parent, name);
    if (node.pathBytes > TarLimits.PATH_BYTES) { // links in a path can make it longer than it looks
      throw new BadArchiveException(
          "a path below " + TarPath.shown(parent.path()) + " is longer than Linux allows");
    }
    node.layer = layer;
    account(NODE_BYTES + name.length());
    parent.children.put(name, node);
    return node;
  }

  private void setAttributes(TreeNode directory, TarEntry attributes) throws IOException {
    makeDirectory(directory, attributes.named(""));
    directory.layer = layer;
    for (Map.Entry<String, String> xattr : attributes.xattrs().entrySet()) {
      account(xattr.getKey().length() + xattr.getValue().length());
    }
  }

  private static void makeDirectory(TreeNode node, TarEntry attributes) {
    if (node.children == null) {
      node.children = new HashMap<>(4);
    }
    node.attributes = attributes;
  }

  /** A layer of nothing but whiteouts over a large tree must not keep us busy for hours. */
  private void count(int visited) throws IOException {
    whiteoutWork += visited;
    if (whiteoutWork > MOST_WHITEOUT_WORK) {
      throw new BadArchiveException("its whiteouts hide far more than any image has");
    }
  }

  private void account(int bytes) throws IOException {
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
  List<TreeNode> directories() {
    List<TreeNode> directories = new ArrayList<>();
    Deque<TreeNode> rest = new ArrayDeque<>(List.of(root));
    while (!rest.isEmpty()) {
      TreeNode node = rest.removeFirst();
      if (node != root) {
        directories.add(node);
      }
      sortedChildren(node).stream().filter(TreeNode::isDirectory).forEach(rest::addLast);
    }
    return directories;
  }

  /** The names that hide something of the image below, and are nothing themselves. */
  List<TreeNode> whiteouts() {
    List<TreeNode> whiteouts = new ArrayList<>();
    Deque<TreeNode> rest = new ArrayDeque<>(List.of(root));
    while (!rest.isEmpty()) {
      for (TreeNode child : sortedChildren(rest.removeFirst())) {
        if (child.whiteout && !child.parent.isKnown()) {
          whiteouts.add(child);
        } else if (child.isDirectory()) {
          rest.addLast(child);
        }
      }
    }
    return whiteouts;
  }

  /**
   * For every layer and every entry in it, the first of the names that stand for it in the end;
   * null for most entries that were replaced. Call once, after the last entry.
   */
  TreeNode[][] winners() {
    TreeNode[][] winners = new TreeNode[entriesOfLayer.size()][];
    for (int i = 0; i < winners.length; i++) {
      winners[i] = new TreeNode[entriesOfLayer.get(i)];
    }
    Deque<TreeNode> rest = new ArrayDeque<>(List.of(root));
    while (!rest.isEmpty()) {
      for (TreeNode child : sortedChildren(rest.removeFirst())) {
        if (child.isDirectory()) {
          rest.addLast(child);
        } else if (!child.whiteout) {
          TreeNode[] slots = winners[child.sourceLayer];
          TreeNode first = slots[child.sourceEntry];
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

  private static List<TreeNode> sortedChildren(TreeNode directory) {
    List<TreeNode> children = new ArrayList<>(directory.children.values());
    children.sort((a, b) -> a.name.compareTo(b.name));
    return children;
  }
}
