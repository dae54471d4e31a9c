package dev.carafe.bench;

import dev.carafe.image.Progress;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The same requests through the egress proxy: by a machine's curl, whose connections the guest's
 * relay carries, and by the host's, whose connections need none. What the guest's processor costs
 * is told apart by a server in the guest itself.
 */
final class RelayRuns implements AutoCloseable {
  private static final int REQUESTS = 100;
  private static final int MEGABYTES = 50;

  /** Answers each request with a kilobyte; keeps no connection that is not to be kept. */
  private static final String GUEST_SERVER =
      """
      use IO::Socket::INET; $SIG{CHLD} = 'IGNORE';
      my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8000, Listen => 64,
        ReuseAddr => 1) or die;
      while (my $c = $l->accept) {
        next if fork; $/ = "\\r\\n";
        while (1) {
          my $close = 0; my $any = 0;
          while (my $line = <$c>) { $any = 1; last if $line eq "\\r\\n"; $close = 1 if $line =~ /close/i; }
          last unless $any;
          syswrite $c, "HTTP/1.1 200 OK\\r\\nContent-Length: 1024\\r\\n" .
            ($close ? "Connection: close\\r\\n" : "") . "\\r\\n" . ('x' x 1024);
          last if $close;
        }
        exit;
      }
      """;

  private final Lab lab;
  private final Samples samples;
  private final Path carafe;
  private final int serverPort;
  private final int proxyPort;
  private final Child proxy;
  private final String name;
  private final Machines machines;
  private final Machine machine;

  RelayRuns(Lab lab, Samples samples, Path root, EgressRaces races)
      throws IOException, InterruptedException {
    this.lab = lab;
    this.samples = samples;
    this.carafe = root.resolve("carafe");
    this.serverPort = races.server().plainPort();
    Path routes = races.routes("relay", true, serverPort);
    Bodies.noise(races.server().files(), MEGABYTES);
    proxyPort = WebServer.freePort();
    proxy =
        Child.start(
            lab.scratch().resolve("relay-proxy.log"),
            environment(),
            List.of(
                carafe.toString(),
                "egress",
                "serve",
                "--routes",
                routes.toString(),
                "--listen",
                "127.0.0.1:" + proxyPort));
    name = lab.name();
    machines = Machines.open(lab.home(), Progress.silent());
    try {
      proxy.awaitPort(proxyPort);
      command("machine", "create", "--name", name, "--routes", routes.toString());
      command("machine", "start", "--name", name);
      machine = machines.find(name).orElseThrow();
      machine.exec(ExecSpec.of("perl", "-e", GUEST_SERVER).asDetached()).close();
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private Map<String, String> environment() {
    Map<String, String> env = new LinkedHashMap<>(lab.environment());
    env.putAll(EgressRaces.secrets());
    return env;
  }

  private void command(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(carafe.toString()));
    command.addAll(List.of(words));
    Commands.run(environment(), command);
  }

  private String host(List<String> command) throws IOException, InterruptedException {
    return Commands.run(environment(), command);
  }

  private String guest(List<String> command) throws IOException {
    var result = machine.run(ExecSpec.of(command));
    if (result.exitCode() != 0) {
      throw new IOException("curl ended with " + result.exitCode() + ": " + result.err());
    }
    return result.out();
  }

  /** Many small requests, with a connection for each or one for all; by one curl each. */
  void requests(boolean fresh) throws Exception {
    String what = fresh ? "a new connection and a request" : "a request on a warm connection";
    String url = "http://localhost:" + serverPort + "/small?[1-" + REQUESTS + "]";
    String own = "http://127.0.0.1:8000/small?[1-" + REQUESTS + "]";
    add(
        "relay: " + what + ", host, no relay",
        host(curl(fresh, "http://127.0.0.1:" + proxyPort, url)));
    add("relay: " + what + ", guest, relay", guest(curl(fresh, "http://10.91.0.1:9099", url)));
    add("relay: " + what + ", guest to itself", guest(curl(fresh, "", own)));
  }

  private static List<String> curl(boolean fresh, String proxy, String url) {
    List<String> command = new ArrayList<>(List.of("curl", "-sS", "--fail", "--noproxy", ""));
    command.addAll(List.of("-x", proxy, "-o", "/dev/null", "-w", "%{time_total}\\n"));
    if (fresh) {
      command.addAll(List.of("-H", "Connection: close"));
    }
    command.add(url);
    return command;
  }

  /** The median of one curl's requests. */
  private void add(String metric, String times) {
    double[] seconds = times.lines().mapToDouble(Double::parseDouble).sorted().toArray();
    samples.add(metric, "ms", seconds[seconds.length / 2] * 1000);
    samples.add(metric + ", p99", "ms", seconds[(int) (seconds.length * 0.99)] * 1000);
    double all = Arrays.stream(seconds).sum();
    samples.add(metric + ", per second", "1/s", seconds.length / all);
  }

  /** A large file. */
  void bulk() throws Exception {
    String url = "http://localhost:" + serverPort + "/noise-" + MEGABYTES;
    bytes(
        "relay: " + MEGABYTES + " MB down, host, no relay",
        host(curl(true, "http://127.0.0.1:" + proxyPort, url)));
    bytes(
        "relay: " + MEGABYTES + " MB down, guest, relay",
        guest(curl(true, "http://10.91.0.1:9099", url)));
  }

  private void bytes(String metric, String time) {
    samples.add(metric, "MB/s", MEGABYTES / Double.parseDouble(time.strip()));
  }

  /** The process that holds the machine's way out. */
  void memory() throws IOException {
    long pid =
        ProcessHandle.allProcesses()
            .filter(process -> isRelay(process.pid()))
            .findFirst()
            .orElseThrow(() -> new IOException("no process holds the machine's way out"))
            .pid();
    ProcessMemory.add(samples, "a machine's sidecar", pid);
  }

  private boolean isRelay(long pid) {
    try {
      List<String> words =
          List.of(Files.readString(Path.of("/proc/" + pid + "/cmdline")).split("\0"));
      return words.contains("_relay") && words.contains(name);
    } catch (IOException e) {
      return false;
    }
  }

  List<Case> cases() {
    return List.of(
        new Case("egress-relay-memory", 7, this::memory),
        new Case("egress-relay-fresh", 3, () -> requests(true)),
        new Case("egress-relay-warm", 3, () -> requests(false)),
        new Case("egress-relay-bulk", 3, this::bulk));
  }

  @Override
  public void close() {
    machines.find(name).ifPresent(Machine::delete);
    machines.close();
    proxy.close();
  }
}
