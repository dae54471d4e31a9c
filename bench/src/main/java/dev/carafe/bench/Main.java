package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs all of it. Called by {@code scripts/bench}. */
public final class Main {
  /** What the names of the egress proxy's cases begin with, which need no machine of the others. */
  private static final String EGRESS = "egress";

  /** The same of those that need a machine too. */
  private static final String RELAY = "egress-relay";

  private final Options options;
  private final Samples samples = new Samples();
  private final List<String> failures = new ArrayList<>();

  /**
   * What the command line asks for.
   *
   * @param root the checkout
   * @param work where things are kept between runs
   */
  private record Options(Path root, Path work, Path json, int rounds, boolean docker, String only) {
    static Options parse(String[] words) {
      Path root = Path.of(words[0]);
      Path work = Path.of(words[1]);
      Path json = work.resolve("bench.json");
      int rounds = 15;
      boolean docker = true;
      String only = "";
      for (int i = 2; i < words.length; i++) {
        switch (words[i]) {
          case "--quick" -> rounds = 3;
          case "--no-docker" -> docker = false;
          case "--rounds" -> rounds = Integer.parseInt(words[++i]);
          case "--only" -> only = words[++i];
          case "--json" -> json = Path.of(words[++i]);
          default -> throw new IllegalArgumentException("unknown option " + words[i]);
        }
      }
      return new Options(root, work, json, rounds, docker, only);
    }
  }

  private Main(Options options) {
    this.options = options;
  }

  /**
   * @param words the checkout, the place to work in, options
   */
  public static void main(String[] words) throws Exception {
    Options options;
    try {
      options = Options.parse(words);
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      System.err.println(
          "bench: "
              + e.getMessage()
              + "\nusage: scripts/bench [--quick] [--no-docker] [--rounds N] [--only WORD] [--json FILE]");
      System.exit(2);
      return;
    }
    System.exit(new Main(options).run() ? 0 : 1);
  }

  private boolean run() throws Exception {
    Map<String, String> facts = new LinkedHashMap<>();
    try (Lab lab = new Lab(options.work())) {
      facts.putAll(HostFacts.read());
      facts.put("load before", HostFacts.load());
      say("preparing");
      // One after the other: what one of them has started would take processors from the next.
      if (!options.only().startsWith(EGRESS)) {
        machines(lab, facts);
      }
      if (options.only().isEmpty() || options.only().startsWith(EGRESS)) {
        egress(lab, facts);
      }
      facts.put("load after", HostFacts.load());
    }
    var report = new Report(facts, samples.figures());
    System.out.print(report.table());
    report.writeJson(options.json());
    say("written to " + options.json());
    failures.forEach(failure -> say("failed: " + failure));
    return failures.isEmpty();
  }

  private void machines(Lab lab, Map<String, String> facts) throws Exception {
    try (CarafeByApi api = new CarafeByApi(lab, samples);
        BottleRuns bottles = new BottleRuns(lab, samples);
        Docker docker = docker(lab, facts)) {
      String live = api.prepare().name();
      var boot = new PlainBoot(lab, samples);
      facts.put(
          "accelerator",
          boot.accelerator().kind().qemuName() + ", because " + boot.accelerator().reason());
      facts.put("guest kernel", boot.kernel().version());
      if (docker != null) {
        docker.prepare();
      }
      List<Case> cases = cases(lab, api, live, docker, boot);
      cases.addAll(bottles.cases());
      for (int i = 0; i < 10 && options.only().isEmpty(); i++) {
        api.launch(); // the JVM learns
      }
      samples.clear();
      rounds(cases, facts, "rounds");
    }
  }

  private void egress(Lab lab, Map<String, String> facts) throws Exception {
    try (EgressRaces races = EgressRaces.start(lab, samples, options.root(), facts);
        RelayRuns relay =
            RELAY.startsWith(options.only()) || options.only().startsWith(RELAY)
                ? new RelayRuns(lab, samples, options.root(), races)
                : null) {
      List<Case> cases = new ArrayList<>(races.cases());
      if (relay != null) {
        cases.addAll(relay.cases());
      }
      rounds(cases, facts, "rounds of egress");
    }
  }

  private void rounds(List<Case> cases, Map<String, String> facts, String fact) throws IOException {
    cases.removeIf(each -> !each.name().contains(options.only()));
    long begun = System.nanoTime();
    for (int round = 0; round < options.rounds(); round++) {
      say("round " + (round + 1) + " of " + options.rounds());
      for (int i = 0; i < cases.size(); i++) {
        // Another one begins each round, so that nothing always follows the same thing.
        Case each = cases.get((i + round) % cases.size());
        if (round % each.every() == 0) {
          attempt(each);
        }
      }
    }
    facts.put(
        fact,
        options.rounds()
            + " in "
            + (System.nanoTime() - begun) / 1_000_000_000
            + " s, load "
            + HostFacts.load()
            + " at their end");
  }

  private Docker docker(Lab lab, Map<String, String> facts) {
    if (!options.docker()) {
      facts.put("docker", "left out, as asked");
      return null;
    }
    if (!System.getProperty("user.name").equals("root")) {
      facts.put("docker", "left out: its engine needs root");
      return null;
    }
    try {
      say("starting a Docker engine");
      var docker = new Docker(lab, samples);
      String version = docker.daemon().http().call("GET", "/version", "");
      facts.put(
          "docker",
          version.replaceAll("(?s).*?\"Version\":\"([^\"]*)\".*", "$1")
              + ", storage driver "
              + docker.daemon().driver());
      return docker;
    } catch (IOException e) {
      facts.put("docker", "left out: " + e.getMessage());
      return null;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Case> cases(Lab lab, CarafeByApi api, String live, Docker docker, PlainBoot boot) {
    var cli = new CarafeByCli(lab, samples, options.root().resolve("carafe"), live);
    var memory = new Memory(lab, samples, api.machines());
    List<Case> cases = new ArrayList<>();
    cases.add(Case.of("api-launch", api::launch));
    cases.add(Case.of("cli-run", cli::run));
    cases.add(Case.of("api-restart", api::restart));
    cases.add(Case.of("api-exec", api::exec));
    cases.add(Case.of("cli-exec", cli::exec));
    cases.add(Case.of("cli-list", cli::list));
    cases.add(Case.of("bwrap", this::bubblewrap));
    cases.add(new Case("api-parallel-4", 3, () -> api.parallel(4)));
    cases.add(new Case("api-parallel-16", 3, () -> api.parallel(16)));
    cases.add(Case.of("api-copy-10", () -> api.copy(10)));
    cases.add(Case.of("cli-copy", cli::copy));
    cases.add(new Case("api-copy-200", 5, () -> api.copy(200)));
    cases.add(new Case("api-stream", 5, api::stream));
    if (docker != null) {
      cases.add(Case.of("docker-api-launch-bottle", docker::launch));
      cases.add(Case.of("docker-cli-run-bottle", docker::run));
      cases.add(Case.of("docker-api-exec", docker::execByApi));
      cases.add(Case.of("docker-cli-exec", docker::execByCli));
      cases.add(Case.of("docker-delete", docker::delete));
      cases.add(new Case("docker-parallel-4", 3, () -> docker.parallel(4)));
      cases.add(new Case("docker-parallel-16", 3, () -> docker.parallel(16)));
      cases.add(Case.of("docker-copy-10", () -> docker.copyByApi(10)));
      cases.add(Case.of("docker-cli-copy", docker::copyByCli));
      cases.add(new Case("docker-copy-200", 5, () -> docker.copyByApi(200)));
      cases.add(new Case("docker-stream", 5, docker::stream));
      cases.add(Case.of("docker-commit-bottle-0", () -> docker.commit(0)));
      cases.add(Case.of("docker-commit-bottle-10", () -> docker.commit(10)));
      cases.add(new Case("docker-commit-bottle-200", 3, () -> docker.commit(200)));
    }
    cases.add(new Case("memory-1", 5, () -> memory.idle(1)));
    cases.add(new Case("memory-8", 8, () -> memory.idle(8)));
    cases.add(new Case("plain-boot", 5, boot::boot));
    cases.add(new Case("api-cold", 5, api::cold));
    return cases;
  }

  private void bubblewrap() throws Exception {
    List<String> command = List.of("bwrap", "--unshare-all", "--ro-bind", "/", "/", "true");
    Commands.timed(samples, "bubblewrap: true", Map.of(), command);
  }

  private void attempt(Case each) {
    try {
      each.work().run();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } catch (Exception e) {
      failures.add(each.name() + ": " + e);
    }
  }

  private static void say(String line) {
    System.err.println("bench: " + line);
  }
}
