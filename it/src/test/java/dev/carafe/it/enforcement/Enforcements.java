package dev.carafe.it.enforcement;

import java.util.List;
import java.util.stream.Stream;

/** All that is enforced, by the room that does it. docs/security.md has the same sentences. */
final class Enforcements {
  static final List<String> ROOMS = List.of("egress", "machine", "bottle", "image");

  private Enforcements() {}

  static List<Enforcement> of(String room) {
    return switch (room) {
      case "egress" ->
          Stream.concat(EgressEnforcements.all().stream(), SecretEnforcements.all().stream())
              .toList();
      case "machine" -> MachineEnforcements.all();
      case "bottle" -> BottleEnforcements.ALL;
      case "image" -> ImageEnforcements.ALL;
      default -> throw new IllegalArgumentException(room);
    };
  }
}
