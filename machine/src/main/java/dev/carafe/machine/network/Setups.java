package dev.carafe.machine.network;

import dev.carafe.machine.Services;
import dev.carafe.machine.channel.Violation;
import java.util.ArrayDeque;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Tells the guest what the policy says, one SETUP at a time: whoever comes while one is under way
 * shares the next. Belongs to the relay's thread.
 */
final class Setups {
  private final Policy policy;
  private final Services services;
  private final Outgoing outgoing;
  private final ArrayDeque<Consumer<String>> due = new ArrayDeque<>();
  private final ArrayDeque<Consumer<String>> sent = new ArrayDeque<>();

  Setups(Policy policy, Services services, Outgoing outgoing) {
    this.policy = policy;
    this.services = services;
    this.outgoing = outgoing;
  }

  /**
   * Tells the guest what the policy says now.
   *
   * @param done gets an empty text when it is in force; nothing when it never is, which closes the
   *     relay
   */
  void begin(Consumer<String> done) {
    due.add(done);
    if (sent.isEmpty()) {
      send();
    }
  }

  private void send() {
    boolean names = policy.names() || services != Services.NONE;
    TreeSet<Integer> ports = new TreeSet<>(services.ports().keySet());
    ports.add(Gate.PORT);
    if (names) {
      ports.add(53);
    }
    outgoing.setup(Setup.encode(ports, names, policy.networks(), policy.refused()));
    sent.addAll(due);
    due.clear();
  }

  /**
   * The guest's answer.
   *
   * @param said the guest's words, if it could not do it
   */
  void done(int errno, String said) throws Violation {
    if (sent.isEmpty()) {
      throw new Violation("answered a question that nobody asked");
    }
    if (errno != 0) {
      throw new Violation(
          "cannot set up its network: " + (said.isEmpty() ? "error " + errno : said));
    }
    List<Consumer<String>> served = List.copyOf(sent);
    sent.clear();
    served.forEach(each -> each.accept(""));
    if (!due.isEmpty() && sent.isEmpty()) {
      send();
    }
  }
}
