package dev.carafe.bench;

import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The same things with Docker: containers of the same root file system, without a network. */
final class Docker implements AutoCloseable {
  private static final String IMAGE = "bench-base";
  private static final String HOST_CONFIG = "\"HostConfig\":{\"NetworkMode\":\"none\"}";
  private static final Pattern ID = Pattern.compile("\"Id\":\"((?:sha256:)?[0-9a-f]+)\"");

  private final Lab lab;
  private final Samples samples;
  private final DockerDaemon daemon;
  private final DockerHttp http;
  private String live;

  Docker(Lab lab, Samples samples) throws IOException, InterruptedException {
    this.lab = lab;
    this.samples = samples;
    this.daemon = DockerDaemon.start(lab.root().resolve("docker"), lab.scratch().resolve("docker"));
    this.http = daemon.http();
  }

  DockerDaemon daemon() {
    return daemon;
  }

  /** Imports Carafe's base image; starts a container that stays. */
  void prepare() throws IOException, InterruptedException {
    Path tar = lab.scratch().resolve("base.tar");
    var store = ImageStore.open(lab.home());
    List<String> layers = store.ensure("base", Progress.silent()).layers();
    if (layers.size() != 1) {
      throw new IOException("the base image has " + layers.size() + " layers");
    }
    try (InputStream layer = store.openLayer(layers.getFirst())) {
      Files.copy(layer, tar);
    }
    cli("import", tar.toString(), IMAGE);
    Files.delete(tar);
    live = create("\"sleep\",\"infinity\"");
    http.call("POST", "/containers/" + live + "/start", "");
  }

  private void cli(String... arguments) throws IOException, InterruptedException {
    Commands.run(daemon.environment(), daemon.command(arguments));
  }

  private void timed(String metric, String... arguments) throws IOException, InterruptedException {
    Commands.timed(samples, metric, daemon.environment(), daemon.command(arguments));
  }

  private String create(String argv) throws IOException {
    return id(
        http.call(
            "POST",
            "/containers/create",
            "{\"Image\":\"" + IMAGE + "\",\"Cmd\":[" + argv + "]," + HOST_CONFIG + "}"));
  }

  private static String id(String answer) throws IOException {
    Matcher id = ID.matcher(answer);
    if (!id.find()) {
      throw new IOException("no id in " + answer);
    }
    return id.group(1);
  }

  private String launched() throws IOException {
    String container = create("\"true\"");
    http.call("POST", "/containers/" + container + "/start", "");
    String answer = http.call("POST", "/containers/" + container + "/wait", "");
    if (!answer.contains("\"StatusCode\":0")) {
      throw new IOException("true ended with " + answer);
    }
    return container;
  }

  private void remove(String container) throws IOException {
    http.call("DELETE", "/containers/" + container + "?force=1", "");
  }

  void launch() throws IOException {
    long start = System.nanoTime();
    String container = launched();
    samples.addSince("docker api: create → true exited", start);
    remove(container);
  }

  void run() throws Exception {
    timed("docker cli: run --rm true", "run", "--rm", "--network", "none", IMAGE, "true");
  }

  void delete() throws IOException {
    String container = create("\"sleep\",\"infinity\"");
    http.call("POST", "/containers/" + container + "/start", "");
    long start = System.nanoTime();
    remove(container);
    samples.addSince("docker api: delete a running container", start);
  }

  void execByApi() throws IOException {
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      exec("\"true\"", OutputStream.nullOutputStream());
      samples.addSince("docker api: exec true", start);
    }
  }

  private long exec(String argv, OutputStream to) throws IOException {
    String exec =
        id(
            http.call(
                "POST",
                "/containers/" + live + "/exec",
                "{\"AttachStdout\":true,\"AttachStderr\":true,\"Cmd\":[" + argv + "]}"));
    long bytes = http.get("POST", "/exec/" + exec + "/start", "{}", to);
    if (!http.call("GET", "/exec/" + exec + "/json", "").contains("\"ExitCode\":0")) {
      throw new IOException("the command failed");
    }
    return bytes;
  }

  void execByCli() throws Exception {
    timed("docker cli: exec true", "exec", live, "true");
  }

  void copyByCli() throws Exception {
    Path in = lab.file(10);
    Path out = lab.scratch().resolve("out-docker");
    timed("docker cli: cp in 10 MB", "cp", in.toString(), live + ":/root/copied-cli");
    timed("docker cli: cp out 10 MB", "cp", live + ":/root/copied-cli", out.toString());
    Files.delete(out);
  }

  void copyByApi(int megabytes) throws Exception {
    Path file = lab.file(megabytes);
    Path tar = lab.scratch().resolve("file-" + megabytes + ".tar");
    if (!Files.exists(tar)) {
      Commands.run(
          "tar", "-C", file.getParent().toString(), "-cf", tar.toString(), "" + file.getFileName());
    }
    long start = System.nanoTime();
    http.put("/containers/" + live + "/archive?path=/root", tar);
    samples.addSince("docker api: copy in " + megabytes + " MB (a tar)", start);
    Path out = lab.scratch().resolve("out-docker");
    start = System.nanoTime();
    try (OutputStream to = Files.newOutputStream(out)) {
      http.get("GET", "/containers/" + live + "/archive?path=/root/" + file.getFileName(), "", to);
    }
    samples.addSince("docker api: copy out " + megabytes + " MB (a tar)", start);
    Files.delete(out);
    exec("\"rm\",\"/root/" + file.getFileName() + "\"", OutputStream.nullOutputStream());
  }

  void stream() throws IOException {
    long start = System.nanoTime();
    long wanted = CarafeByApi.STREAM_MEGABYTES * 1_000_000L;
    long bytes =
        exec("\"head\",\"-c\",\"" + wanted + "\",\"/dev/zero\"", OutputStream.nullOutputStream());
    if (bytes < wanted) {
      throw new IOException("the stream broke off after " + bytes);
    }
    samples.add(
        "docker api: standard output",
        "MB/s",
        CarafeByApi.STREAM_MEGABYTES / ((System.nanoTime() - start) / 1e9));
  }

  void parallel(int count) throws Exception {
    List<String> made = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
      long start = System.nanoTime();
      List<Callable<String>> work = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        work.add(this::launched);
      }
      for (Future<String> each : threads.invokeAll(work)) {
        made.add(each.get());
      }
      samples.addSince("docker api: " + count + " launches at once → all exited", start);
    } finally {
      for (String container : made) {
        remove(container);
      }
    }
  }

  /** A container's changes as an image, while it runs. */
  void commit(int megabytes) throws IOException {
    exec(
        "\"sh\",\"-c\",\"head -c " + megabytes + "000000 /dev/urandom > /var/changed; sync\"",
        OutputStream.nullOutputStream());
    long start = System.nanoTime();
    String image = id(http.call("POST", "/commit?container=" + live + "&pause=1", "{}"));
    samples.addSince("docker api: commit of " + megabytes + " MB", start);
    http.call("DELETE", "/images/" + image + "?force=1", "");
  }

  @Override
  public void close() throws IOException {
    try {
      if (live != null) {
        remove(live);
      }
    } finally {
      daemon.close();
    }
  }
}
