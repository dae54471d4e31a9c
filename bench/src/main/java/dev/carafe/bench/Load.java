package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's h2load, towards one server that is reached at different ports. */
final class Load {
  private static final Pattern RATE = Pattern.compile("finished in [^,]+, ([0-9.]+) req/s");
  private static final Pattern COUNTS =
      Pattern.compile("(\\d+) succeeded, (\\d+) failed, (\\d+) errored, (\\d+) timeout");
  private static final Pattern CODES = Pattern.compile("status codes: (\\d+) 2xx");

  private final Path program;
  private final Map<String, String> environment;
  private final int serverPort;
  private final Path log;

  /**
   * @param programs where h2load is unpacked, if it is not installed
   * @param serverPort the server's own port, which is what is asked for
   * @param log a file that may be used
   */
  Load(Path programs, int serverPort, Path log) {
    Path unpacked = programs.resolve("usr/bin/h2load");
    this.program = Files.exists(unpacked) ? unpacked : Path.of("h2load");
    this.environment =
        Map.of("LD_LIBRARY_PATH", programs.resolve("usr/lib/x86_64-linux-gnu").toString());
    this.serverPort = serverPort;
    this.log = log;
  }

  /**
   * @param rate requests per second
   * @param micros how long each took, sorted; empty if that was not asked for
   */
  record Result(double rate, long[] micros) {
    double p50() {
      return micros[micros.length / 2] / 1000.0;
    }

    double p99() {
      return micros[(int) (micros.length * 0.99)] / 1000.0;
    }
  }

  /**
   * Asks so many times on warm connections. (Asking for a time instead, h2load does not end when
   * connections are slow to come.)
   */
  Result requests(int port, boolean http2, int connections, int streams, int count)
      throws IOException, InterruptedException {
    List<String> options = new ArrayList<>();
    if (!http2) {
      options.add("--h1");
    }
    options.addAll(List.of("-c", "" + connections, "-m", "" + streams));
    options.addAll(List.of("-n", "" + count, "--log-file=" + log));
    Files.deleteIfExists(log);
    String said = run(port, "/small", options);
    return new Result(number(RATE, said), times());
  }

  /** Asks so many times, each time on a connection of its own; connections per second. */
  double handshakes(int port, int count) throws IOException, InterruptedException {
    return number(
        RATE,
        run(
            port,
            "/small",
            List.of("--h1", "-c", "8", "-n", "" + count, "-H", "Connection: close")));
  }

  /** Fetches one file; its million bytes per second. */
  double download(int port, Path file) throws IOException, InterruptedException {
    return moved(port, "/" + file.getFileName(), file, List.of("--h1", "-n", "1"));
  }

  /** Sends one file; its million bytes per second. */
  double upload(int port, Path file) throws IOException, InterruptedException {
    return moved(port, "/sink", file, List.of("--h1", "-n", "1", "-d", file.toString()));
  }

  private double moved(int port, String path, Path file, List<String> options)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    run(port, path, options);
    return Files.size(file) / 1e6 / ((System.nanoTime() - start) / 1e9);
  }

  private String run(int port, String path, List<String> options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("timeout", "300", program.toString()));
    command.addAll(options);
    command.add("--connect-to=127.0.0.1:" + port);
    command.add("https://localhost:" + serverPort + path);
    String said = Commands.run(environment, command);
    Matcher counts = COUNTS.matcher(said);
    if (!counts.find()
        || number(CODES, said) == 0
        || !(counts.group(2) + counts.group(3) + counts.group(4)).equals("000")) {
      throw new IOException(String.join(" ", command) + " said: " + said);
    }
    return said;
  }

  private static double number(Pattern pattern, String text) throws IOException {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IOException("h2load said: " + text);
    }
    return Double.parseDouble(matcher.group(1));
  }

  /** The log's third column. */
  private long[] times() throws IOException {
    try (var lines = Files.lines(log)) {
      long[] times = lines.mapToLong(line -> Long.parseLong(line.split("\t")[2])).toArray();
      Arrays.sort(times);
      return times;
    }
  }
}
