package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * What the egress proxy costs, beside no proxy at all and beside mitmproxy, in front of the same
 * server, asked by the same program. All of them take part in each round, each time another one
 * first.
 */
final class EgressRaces implements AutoCloseable {
  private static final String DIRECT = "direct";
  private static final String SCANNED = "egress";
  private static final String UNSCANNED = "egress, nothing looked for";
  private static final String MITMPROXY = "mitmproxy";

  /** Secrets that are looked for. */
  private static final int SECRETS = 10;

  private static final int MEGABYTES = 1000;

  private static final int HANDSHAKES = 300;

  /** Requests until a JVM has compiled what they need. */
  private static final int PRACTICE = 15_000;

  private final Lab lab;
  private final Samples samples;
  private final Path root;
  private final Path programs;
  private final Path directory;
  private final WebServer server;
  private final Load load;
  private final Map<String, Integer> ports = new LinkedHashMap<>();
  private final Map<String, Child> children = new LinkedHashMap<>();
  private final Map<String, Double> rates = new HashMap<>();
  private Path conversation;
  private Path noise;
  private int turn;

  /** So much was done, at so much a second. */
  private record Measured(double rate, double work) {}

  private interface Rate {
    double of(String name) throws IOException, InterruptedException;
  }

  /** What is measured of one of them. */
  private interface Measuring {
    Measured of(String name) throws IOException, InterruptedException;
  }

  private EgressRaces(Lab lab, Samples samples, Path root, Path programs)
      throws IOException, InterruptedException {
    this.lab = lab;
    this.samples = samples;
    this.root = root;
    this.programs = programs;
    this.directory = Files.createDirectories(lab.scratch().resolve("egress"));
    this.server = new WebServer(programs, directory.resolve("server"));
    this.load = new Load(programs, server.tlsPort(), directory.resolve("h2load.log"));
  }

  /** Fetches what is needed and starts the server. */
  static EgressRaces start(Lab lab, Samples samples, Path root, Map<String, String> facts)
      throws IOException, InterruptedException {
    Path programs =
        DebianPrograms.withDependencies(
            lab.root().resolve("egress"), "nginx", "nghttp2-client", "mitmproxy");
    facts.put("mitmproxy", version(programs));
    return new EgressRaces(lab, samples, root, programs);
  }

  /** Starts what takes part, the first time. */
  private void ready() throws IOException, InterruptedException {
    if (!ports.isEmpty()) {
      return;
    }
    conversation = Bodies.conversation(server.files(), MEGABYTES);
    noise = Bodies.noise(server.files(), MEGABYTES);
    ports.put(DIRECT, server.tlsPort());
    ports.put(SCANNED, egress(SCANNED, true));
    ports.put(UNSCANNED, egress(UNSCANNED, false));
    ports.put(MITMPROXY, mitmproxy());
    for (String name : List.of(SCANNED, UNSCANNED)) {
      load.requests(ports.get(name), false, 16, 1, PRACTICE);
      load.requests(ports.get(name), true, 4, 8, PRACTICE);
    }
    for (int i = 0; i < 2; i++) {
      for (String name : ports.keySet()) {
        requests(name, false, 16, 1);
        requests(name, true, 4, 8);
      }
    }
  }

  /** As many requests as it is likely to answer within a second. */
  private Load.Result requests(String name, boolean http2, int connections, int streams)
      throws IOException, InterruptedException {
    String kind = name + http2 + connections;
    int count = (int) Math.clamp(rates.getOrDefault(kind, 0.0), 300, 50_000);
    Load.Result result = load.requests(ports.get(name), http2, connections, streams, count);
    rates.put(kind, result.rate());
    return result;
  }

  WebServer server() {
    return server;
  }

  private static Map<String, String> python(Path programs) {
    return Map.of(
        "PYTHONPATH", programs.resolve("usr/lib/python3/dist-packages").toString(),
        "LD_LIBRARY_PATH", programs.resolve("usr/lib/x86_64-linux-gnu").toString());
  }

  private static String version(Path programs) throws IOException, InterruptedException {
    String program = programs.resolve("usr/bin/mitmdump").toString();
    return Commands.run(python(programs), List.of(program, "--version"))
        .lines()
        .findFirst()
        .orElse("");
  }

  private int mitmproxy() throws IOException, InterruptedException {
    int port = WebServer.freePort();
    Child child =
        Child.start(
            directory.resolve("mitmproxy.log"),
            python(programs),
            List.of(
                programs.resolve("usr/bin/mitmdump").toString(),
                "-q",
                "--mode",
                "reverse:https://localhost:" + server.tlsPort() + "/",
                "--listen-host",
                "127.0.0.1",
                "-p",
                "" + port,
                "--ssl-insecure",
                "--set",
                "confdir=" + directory.resolve("mitmproxy"),
                "--set",
                "stream_large_bodies=1m"));
    children.put(MITMPROXY, child);
    child.awaitPort(port);
    return port;
  }

  private int egress(String of, boolean scanned) throws IOException, InterruptedException {
    String name = scanned ? "scan" : "plain";
    int port = WebServer.freePort();
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java));
    command.addAll(
        List.of(Files.readString(root.resolve("setup/jvm.options")).strip().split("\\s+")));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            EgressProcess.class.getName(),
            routes(name, scanned, server.tlsPort()).toString(),
            "" + port,
            "" + server.tlsPort(),
            directory.resolve(name + ".audit").toString()));
    Child child = Child.start(directory.resolve(name + ".log"), secrets(), command);
    children.put(of, child);
    child.awaitPort(port);
    return port;
  }

  /** A routes file with, or without, something to look for. */
  Path routes(String name, boolean scanned, int port) throws IOException {
    StringBuilder text = new StringBuilder("version: 1\nallow: [127.0.0.1]\n");
    text.append("ca: ").append(server.certificate()).append("\nroutes:\n");
    text.append("  - {host: localhost, port: ").append(port);
    text.append(scanned ? "}\n" : ", dlp: {outbound: off}}\n");
    for (int i = 0; scanned && i < SECRETS; i++) {
      text.append("  - {host: h").append(i).append(".example.com, auth: {scheme: bearer, ");
      text.append("token: {env: BENCH_SECRET_").append(i).append("}}}\n");
    }
    return Files.writeString(directory.resolve(name + ".yaml"), text);
  }

  /** Secrets that open nothing. */
  static Map<String, String> secrets() {
    RandomGenerator random = new java.util.Random(1);
    Map<String, String> secrets = new LinkedHashMap<>();
    for (int i = 0; i < SECRETS; i++) {
      StringBuilder secret = new StringBuilder("tok_");
      for (int j = 0; j < 36; j++) {
        secret.append(Character.forDigit(random.nextInt(36), 36));
      }
      secrets.put("BENCH_SECRET_" + i, secret.toString());
    }
    return secrets;
  }

  /** Requests for a small file on warm connections. */
  void requests(boolean http2) throws Exception {
    ready();
    String of = http2 ? "egress: HTTP/2, 4 connections of 8: " : "egress: HTTP/1.1, 16 at once: ";
    race(
        of,
        "req/s",
        "a request",
        name -> {
          Load.Result result = requests(name, http2, http2 ? 4 : 16, http2 ? 8 : 1);
          return new Measured(result.rate(), result.micros().length);
        });
  }

  /** One request after the other, on one warm connection. */
  void latency() throws Exception {
    ready();
    Map<String, Load.Result> results = new LinkedHashMap<>();
    for (String name : order()) {
      results.put(name, requests(name, false, 1, 1));
    }
    Load.Result direct = results.get(DIRECT);
    for (String name : ports.keySet()) {
      Load.Result of = results.get(name);
      boolean added = !name.equals(DIRECT);
      String what = added ? "egress: added to a request by " + name : "egress: a request, " + name;
      samples.add(what + ", p50", "ms", of.p50() - (added ? direct.p50() : 0));
      samples.add(what + ", p99", "ms", of.p99() - (added ? direct.p99() : 0));
    }
  }

  /** Connections that are used once. */
  void handshakes() throws Exception {
    ready();
    race(
        "egress: new TLS connections, 8 at once: ",
        "1/s",
        "one",
        name -> new Measured(load.handshakes(ports.get(name), HANDSHAKES), HANDSHAKES));
  }

  /** Large files. */
  void bulk() throws Exception {
    ready();
    bulk("JSON up", name -> load.upload(ports.get(name), conversation));
    bulk("noise down", name -> load.download(ports.get(name), noise));
  }

  private void bulk(String what, Rate rate) throws Exception {
    race(
        "egress: 1 GB of " + what + ": ",
        "MB/s",
        "a megabyte",
        name -> new Measured(rate.of(name), MEGABYTES));
  }

  /** Processes that have just been started, and those that have worked. */
  void memory() throws Exception {
    ready();
    for (boolean scanned : List.of(true, false)) {
      String name = scanned ? "memory" : "memory-plain";
      Path routes = routes(name, scanned, server.tlsPort());
      int port = WebServer.freePort();
      Map<String, String> env = new LinkedHashMap<>(lab.environment());
      env.putAll(secrets());
      List<String> command =
          List.of(
              root.resolve("carafe").toString(),
              "egress",
              "serve",
              "--routes",
              routes.toString(),
              "--listen",
              "127.0.0.1:" + port,
              "--audit",
              directory.resolve(name + ".audit").toString());
      long start = System.nanoTime();
      try (Child child = Child.start(directory.resolve(name + ".log"), env, command)) {
        child.awaitPort(port);
        samples.addSince(
            "egress: start until it listens, " + (scanned ? SECRETS : 0) + " secrets", start);
        Thread.sleep(2000);
        ProcessMemory.add(
            samples, "egress serve, idle, " + (scanned ? SECRETS : 0) + " secrets", child.pid());
      }
    }
    ProcessMemory.add(samples, "mitmproxy, after this load", children.get(MITMPROXY).pid());
    ProcessMemory.add(samples, "egress, after this load", children.get(SCANNED).pid());
  }

  /**
   * Measures all of them.
   *
   * @param each what the processor time of one of them is divided by
   */
  private void race(String of, String unit, String each, Measuring measuring) throws Exception {
    Map<String, Double> results = new LinkedHashMap<>();
    for (String name : order()) {
      Child child = children.get(name);
      double busy = child == null ? 0 : ProcessTime.seconds(child.pid());
      Measured measured = measuring.of(name);
      results.put(name, measured.rate());
      if (child != null) {
        samples.add(
            of + name + ", its processor time for " + each,
            "µs",
            (ProcessTime.seconds(child.pid()) - busy) * 1e6 / measured.work());
      }
    }
    for (String name : ports.keySet()) {
      samples.add(of + name, unit, results.get(name));
    }
    samples.add(of + "egress to mitmproxy", "×", results.get(SCANNED) / results.get(MITMPROXY));
  }

  private List<String> order() {
    List<String> names = new ArrayList<>(ports.keySet());
    Collections.rotate(names, turn++);
    return names;
  }

  /** What can be measured, each to be repeated. */
  List<Case> cases() {
    return List.of(
        new Case("egress-http1", 3, () -> requests(false)),
        new Case("egress-http2", 3, () -> requests(true)),
        new Case("egress-latency", 3, this::latency),
        new Case("egress-handshakes", 3, this::handshakes),
        new Case("egress-bulk", 8, this::bulk),
        new Case("egress-memory", 7, this::memory));
  }

  @Override
  public void close() throws IOException {
    children.values().forEach(Child::close);
    server.close();
  }
}
