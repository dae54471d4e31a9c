package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.Reach;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import dev.carafe.machine.channel.Attempt;
import dev.carafe.machine.channel.Channel;
import dev.carafe.machine.channel.Probe;
import dev.carafe.machine.channel.Probe.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * Tries a machine's network from inside: one of each kind of thing that must not be reached, and
 * whether what may be reached gets as far as the gateway. All at once, because each attempt is a
 * process in the guest and most are refused at once. Nothing leaves this host: what is tried is the
 * gateway's own port, at which the relay itself answers for every address that may be reached.
 *
 * <p>The guest says what came of it. So the host counts what has come to that port: it must be just
 * what must have got there.
 */
public final class Prover {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /** For a guest that is emulated on a busy host to make its attempts. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int MOST_NETWORKS = 8;

  /** A name that nobody can have; asking for it is not written down. */
  static final String NOBODY = "carafe-proof.invalid";

  private final Policy policy;
  private final Network network;
  private final Services services;
  private final List<Trial> trials = new ArrayList<>();

  /**
   * An attempt, and how it has to end.
   *
   * @param either a question for a name may fail, or be answered that there is none
   */
  private record Trial(String text, Probe probe, boolean mustFail, boolean either) {
    Trial(String text, Probe probe, boolean mustFail) {
      this(text, probe, mustFail, false);
    }

    /** Whether it has to come to the host's notice. */
    boolean reachesGate() {
      return !mustFail && probe.kind() == Kind.TCP && probe.port() == Gate.PORT;
    }
  }

  private Prover(Network network, Services services) {
    this.network = network;
    this.services = services;
    policy = new Policy(network);
  }

  /**
   * Looks only at what network interfaces there are: for a machine that has no relay, this is all
   * there can be.
   */
  public static List<Proof> interfaces(Channel channel) {
    var probe = new Probe(Kind.INTERFACES, Optional.empty(), 0, Optional.empty(), LIMIT);
    return run(channel, List.of(new Trial("network interfaces", probe, false)), Optional.empty());
  }

  /**
   * Tries everything.
   *
   * @param gate how many connections have come to the gateway's port so far; empty when another
   *     process holds it, and then the guest's word is all there is
   */
  public static List<Proof> all(
      Channel channel, Network network, Services services, Optional<IntSupplier> gate)
      throws IOException {
    // Somebody to reach: if the guest gets here, it has got to this host's loopback.
    try (var bait = new ServerSocket(0, 8, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      Prover prover = new Prover(network, services);
      prover.collect(bait.getLocalPort());
      return run(channel, prover.trials, gate);
    }
  }

  private void collect(int baitPort) {
    add("network interfaces", Kind.INTERFACES, "", 0, false);
    add("the guest's own loopback", Kind.TCP, "127.0.0.1", 9, true);
    add("this host's loopback, directly", Kind.TCP, "127.0.0.1", baitPort, true);
    if (policy.hostLoopback()) {
      add("this host's loopback", Kind.TCP, Services.HOST_ADDRESS, Gate.PORT, false);
    } else {
      add("this host's loopback", Kind.TCP, Services.HOST_ADDRESS, baitPort, true);
    }
    forbidden("metadata service", Kind.TCP, Gate.PORT, "169.254.169.254", "fd00:ec2::254");
    forbidden("link-local", Kind.TCP, Gate.PORT, "169.254.1.1", "fe80::1");
    forbidden(
        "private", Kind.TCP, Gate.PORT, "10.255.255.254", "172.31.255.254", "192.168.255.254");
    forbidden("private IPv6", Kind.TCP, Gate.PORT, "fd00::1", "fdff::1");
    forbidden("outside", Kind.TCP, Gate.PORT, "192.0.2.1", "198.51.100.1", "203.0.113.1");
    forbidden("outside IPv6", Kind.TCP, Gate.PORT, "2001:db8::1", "3fff::1");
    forbidden("outside, UDP", Kind.UDP, 53, "192.0.2.1", "198.51.100.1", "203.0.113.1");
    forbidden("outside, ICMP", Kind.ICMP, 0, "192.0.2.1", "198.51.100.1", "203.0.113.1");
    names();
    allowed();
  }

  private void names() {
    boolean answered = policy.names() || services != Services.NONE;
    // Services that another process may give.
    boolean unknown = network.reach() == Reach.SERVICES && services == Services.NONE;
    trials.add(
        new Trial(
            "a name that is not allowed",
            new Probe(
                Kind.DNS,
                Optional.of(Cidr.literal(Services.ADDRESS)),
                53,
                Optional.of(NOBODY),
                LIMIT),
            !answered,
            unknown));
  }

  private void allowed() {
    if (!network.outbound() && services == Services.NONE) {
      return;
    }
    add("the gateway", Kind.TCP, Services.ADDRESS, Gate.PORT, false);
    if (network.reach() == Reach.OPEN) {
      add("the gateway, for the public network", Kind.TCP, "1.1.1.1", Gate.PORT, false);
    }
    network.cidrs().stream()
        .filter(cidr -> Network.LOOPBACK.stream().noneMatch(own -> own.contains(cidr)))
        .filter(cidr -> policy.target(inside(cidr), Gate.PORT, System.nanoTime()).isPresent())
        .limit(MOST_NETWORKS)
        .forEach(
            cidr ->
                add(
                    "the gateway, for " + cidr,
                    Kind.TCP,
                    Cidr.text(inside(cidr)),
                    Gate.PORT,
                    false));
  }

  /** An address in the block; not its first, which means the block itself. */
  private static byte[] inside(Cidr cidr) {
    byte[] address = cidr.address();
    if (cidr.prefix() < address.length * 8) {
      address[address.length - 1] |= 1;
    }
    return address;
  }

  /** The first of the addresses that the policy does not allow, if there is one. */
  private void forbidden(String what, Kind kind, int port, String... addresses) {
    for (String address : addresses) {
      if (policy.target(Cidr.literal(address), Math.max(1, port), System.nanoTime()).isEmpty()) {
        add(what, kind, address, port, true);
        return;
      }
    }
  }

  private void add(String what, Kind kind, String address, int port, boolean mustFail) {
    Optional<byte[]> bytes = Optional.ofNullable(address.isEmpty() ? null : Cidr.literal(address));
    String place =
        address.isEmpty() ? "" : " (" + address + (port > 0 ? " port " + port : "") + ")";
    trials.add(
        new Trial(what + place, new Probe(kind, bytes, port, Optional.empty(), LIMIT), mustFail));
  }

  private static List<Proof> run(Channel channel, List<Trial> trials, Optional<IntSupplier> gate) {
    List<Attempt> attempts = new ArrayList<>();
    int before = gate.map(IntSupplier::getAsInt).orElse(0);
    try {
      for (Trial trial : trials) {
        attempts.add(channel.probe(trial.probe()));
      }
      List<Probe.Outcome> outcomes = new ArrayList<>();
      for (Attempt attempt : attempts) {
        outcomes.add(attempt.await(PATIENCE));
      }
      int expected = (int) trials.stream().filter(Trial::reachesGate).count();
      int seen = gate.isPresent() ? gate.get().getAsInt() - before : expected;
      List<Proof> proofs = new ArrayList<>();
      for (int i = 0; i < trials.size(); i++) {
        Proof said = judge(trials.get(i), outcomes.get(i));
        proofs.add(trials.get(i).reachesGate() ? compared(said, seen, expected) : said);
      }
      return proofs;
    } finally {
      attempts.forEach(Attempt::close);
    }
  }

  /** What the guest says of the gateway holds only if the host has seen just as much of it. */
  private static Proof compared(Proof said, int seen, int expected) {
    if (seen == expected) {
      return said;
    }
    String outcome =
        said.outcome() + ", but " + seen + " connections came to this host instead of " + expected;
    return new Proof(said.attempt(), said.mustFail(), outcome, false);
  }

  private static Proof judge(Trial trial, Probe.Outcome outcome) {
    String said = outcome.message().isEmpty() ? "it went through" : outcome.message();
    return new Proof(trial.text(), trial.mustFail(), said, holds(trial, outcome));
  }

  private static boolean holds(Trial trial, Probe.Outcome outcome) {
    boolean failed = outcome.errno() != 0;
    return switch (trial.probe().kind()) {
      case INTERFACES -> !failed && outcome.message().equals("lo");
      case DNS ->
          (trial.either() || trial.mustFail() == failed)
              && (failed || outcome.message().equals("NXDOMAIN"));
      default -> trial.mustFail() == failed;
    };
  }
}
