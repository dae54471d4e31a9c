package dev.carafe.machine.smolvm;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A release of smolvm, as {@code smolvm --version} prints it. */
public record SmolvmVersion(int major, int minor, int patch) implements Comparable<SmolvmVersion> {
  /** The first release this client speaks to. */
  static final SmolvmVersion OLDEST = new SmolvmVersion(0, 8, 0);

  /** {@code delete} stops a running machine; before, it left its process behind. */
  static final SmolvmVersion DELETE_STOPS = new SmolvmVersion(0, 8, 1);

  /** {@code --image} takes a local archive or directory. */
  static final SmolvmVersion LOCAL_IMAGES = new SmolvmVersion(0, 8, 1);

  /** {@code create}, {@code delete}, {@code update}, {@code data-dir} take {@code --name}. */
  static final SmolvmVersion NAME_OPTION = new SmolvmVersion(1, 0, 2);

  /** {@code create} takes a command that runs at each start. */
  static final SmolvmVersion CREATE_COMMAND = new SmolvmVersion(1, 0, 2);

  /** {@code exec -d}. */
  static final SmolvmVersion EXEC_DETACH = new SmolvmVersion(1, 3, 0);

  /** {@code create --from} keeps an allow-list; before, it silently dropped it. */
  static final SmolvmVersion FROM_KEEPS_ALLOW_LIST = new SmolvmVersion(1, 8, 0);

  /** A network that is limited to what is allowed is so. */
  static final SmolvmVersion LIMITED_NETWORK = new SmolvmVersion(1, 1, 3);

  /** The same for machines made from a pack. */
  static final SmolvmVersion LIMITED_PACKS = new SmolvmVersion(1, 8, 0);

  /** {@code create --label}. */
  static final SmolvmVersion LABELS = new SmolvmVersion(1, 8, 0);

  private static final Pattern PRINTED =
      Pattern.compile("smolvm v?(\\d{1,6})\\.(\\d{1,6})\\.(\\d{1,6})(?![\\d.]).*");

  private static final Comparator<SmolvmVersion> ORDER =
      Comparator.comparingInt(SmolvmVersion::major)
          .thenComparingInt(SmolvmVersion::minor)
          .thenComparingInt(SmolvmVersion::patch);

  /**
   * From the first line of what {@code smolvm --version} printed; empty if it is something else.
   */
  static Optional<SmolvmVersion> parse(String printed) {
    Matcher matcher = PRINTED.matcher(printed.lines().findFirst().orElse("").strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        new SmolvmVersion(
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)),
            Integer.parseInt(matcher.group(3))));
  }

  boolean atLeast(SmolvmVersion other) {
    return compareTo(other) >= 0;
  }

  @Override
  public int compareTo(SmolvmVersion other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + patch;
  }
}
