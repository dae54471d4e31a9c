package dev.carafe.cli;

import dev.carafe.image.Home;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The program's commands, played through while the launcher's JVM learns ({@link Training}): all of
 * Carafe's own code is real, but what it starts as QEMU is a shell that sleeps, and the control
 * socket and the guest agent it then talks to are threads in here, which answer everything with
 * yes. So the classes, lambdas and paths of a real start are learnt on a host that has no kernel,
 * no image and no network.
 *
 * <p>Expects the environment that {@code setup/build.sh} sets: a home of its own, the emulator, and
 * first in PATH the directory {@code bin} of its own directory.
 */
final class Rehearsal {
  private static final String IMAGE = "localhost/rehearsal:1";
  private static final byte[] MAGIC = "CARAFE\r\n".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] GATEWAY = {10, 91, 0, 1};

  private final Path directory;
  private final Home home;

  /** The guest's end of the relay, the number of its last connection, and what the host said. */
  private volatile SocketChannel relay;

  private volatile int connections;
  private final BlockingQueue<Integer> answers = new LinkedBlockingQueue<>();

  Rehearsal(Path directory, Map<String, String> env) {
    this.directory = directory;
    this.home = Home.of(env);
  }

  /** Plays; fails in any way when something is not as it expects, which costs only speed. */
  void play() throws Exception {
    Path setsid = Files.createDirectories(directory.resolve("bin")).resolve("setsid");
    // Its words have "--bind SOCKETS /sockets" among them.
    Files.writeString(
        setsid,
        "#!/bin/sh\nsleep 60 &\nfor word; do if [ \"$word\" = /sockets ]; then : >\"$last/up\"; fi;"
            + " last=$word; done\nwait\n");
    if (!setsid.toFile().setExecutable(true)) {
      throw new IOException(setsid + " cannot be made executable");
    }
    kernel();
    image();
    daemon(this::serve);
    for (int i = 0; i < 2; i++) {
      call("run", "-q", "--image", IMAGE, "--", "true");
    }
    call("run", "-q", "--net", "--image", IMAGE, "--", "true");
    call("machine", "create", "--name", "rehearsal", "--image", IMAGE);
    call("machine", "start", "--name", "rehearsal");
    call("machine", "exec", "--name", "rehearsal", "--", "true");
    call("machine", "cp", directory.resolve("bin/setsid").toString(), "rehearsal:/root/copy");
    call("machine", "ls");
    call("machine", "delete", "-f", "rehearsal");
  }

  private static void call(String... words) {
    Console console =
        new Console(InputStream.nullInputStream(), OutputStream.nullOutputStream(), System.err);
    Map<String, String> env = System.getenv();
    int exitCode =
        new Cli("carafe", console, new HostTerminal(), new HostSignals(), env, new OpenRooms(env))
            .run(words);
    if (exitCode != 0) {
      System.err.println(List.of(words) + " exited with " + exitCode);
    }
  }

  /** Empty files where a kernel would be. */
  private void kernel() throws IOException, ReflectiveOperationException {
    Field layout = Class.forName("dev.carafe.machine.host.KernelStore").getDeclaredField("LAYOUT");
    layout.setAccessible(true);
    Path kernels = home.cache().resolve("kernel");
    Files.createDirectories(kernels.resolve("rehearsal/modules"));
    Files.createFile(kernels.resolve("rehearsal/vmlinux"));
    Files.createSymbolicLink(kernels.resolve("current-" + layout.get(null)), Path.of("rehearsal"));
  }

  /** In another JVM: imports are rare, and what is learnt is loaded by every start. */
  private void image() throws IOException, InterruptedException {
    Path tar = Files.write(directory.resolve("image.tar"), tar());
    int exitCode =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.carafe.cli.Main",
                "image",
                "import",
                tar.toString(),
                IMAGE)
            .inheritIO()
            .start()
            .waitFor();
    if (exitCode != 0) {
      throw new IOException("the image could not be imported");
    }
  }

  /** A root file system of one empty directory. */
  private static byte[] tar() {
    ByteBuffer tar = ByteBuffer.allocate(1536);
    put(tar, 0, "srv/");
    put(tar, 100, "0000755\0" + "0000000\0" + "0000000\0" + "00000000000\0" + "00000000000\0");
    put(tar, 148, "        5");
    put(tar, 257, "ustar\0" + "00");
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += tar.get(i) & 0xff;
    }
    put(tar, 148, "0" + Integer.toOctalString(sum | 1 << 17).substring(1) + "\0 ");
    return tar.array();
  }

  private static void put(ByteBuffer tar, int at, String text) {
    tar.put(at, text.getBytes(StandardCharsets.US_ASCII));
  }

  // ---- what a machine would answer ----

  private interface Part {
    void play() throws IOException, InterruptedException;
  }

  private static void daemon(Part part) {
    Thread thread =
        new Thread(
            () -> {
              try {
                part.play();
              } catch (IOException | InterruptedException e) {
                // The other end has gone; so does this one.
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  /** Listens wherever a QEMU would: in each directory of sockets as soon as it is made. */
  private void serve() throws IOException, InterruptedException {
    Set<Path> served = new HashSet<>();
    for (; ; Thread.sleep(1)) {
      if (!Files.isDirectory(home.runtime())) {
        continue;
      }
      try (var all = Files.newDirectoryStream(home.runtime())) {
        for (Path sockets : all) {
          Path nursery = sockets.resolve("q");
          if (Files.deleteIfExists(nursery.resolve("up")) && served.add(sockets)) {
            listen(nursery.resolve("p1"), this::agent);
            for (int n = 2; n <= 16; n++) {
              Files.createFile(nursery.resolve("p" + n));
            }
            listen(nursery.resolve("net"), this::network);
            listen(nursery.resolve("qmp"), socket -> control(socket, sockets));
          }
        }
      }
    }
  }

  private interface Role {
    void play(SocketChannel socket) throws IOException;
  }

  private static void listen(Path path, Role role) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    daemon(
        () -> {
          for (; ; ) {
            SocketChannel socket = server.accept();
            daemon(() -> role.play(socket));
          }
        });
  }

  /** QEMU's control socket. */
  private static void control(SocketChannel socket, Path sockets) throws IOException {
    write(socket, "{\"QMP\":{}}\n");
    var lines =
        new java.io.BufferedReader(
            new java.io.InputStreamReader(Channels.newInputStream(socket), StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String answer = "";
      if (line.contains("query-migrate")) {
        answer = "\"status\":\"completed\"";
      } else if (line.contains("query-status")) {
        answer = "\"status\":\"running\"";
      }
      write(socket, "{\"return\":{" + answer + "}}\n");
      if (line.contains("\"migrate\"")) {
        try (SocketChannel save =
            SocketChannel.open(UnixDomainSocketAddress.of(sockets.resolve("save")))) {
          write(save, "state");
        }
      } else if (line.contains("\"quit\"")) {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
      }
    }
  }

  private static void write(SocketChannel socket, String text) throws IOException {
    socket.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** The guest agent; docs/protocol.md has the frames. */
  private void agent(SocketChannel socket) throws IOException {
    var in = new java.io.DataInputStream(Channels.newInputStream(socket));
    for (; ; ) {
      int type = in.readUnsignedByte();
      if (type == 0) {
        continue; // padding
      }
      ByteBuffer head = little(12).put((byte) type);
      in.readFully(head.array(), 1, 11);
      ByteBuffer payload = little(head.getInt(8));
      in.readFully(payload.array());
      int stream = head.getInt(4);
      boolean more = (head.get(1) & 1) != 0;
      if (type == 1) {
        ByteBuffer welcome = little(44).put(MAGIC).put(payload.array(), 12, 16);
        welcome.putShort((short) 1).putShort((short) 1);
        welcome.putInt(65_536).putInt(64).putInt(262_144);
        frame(socket, 2, 0, 0, welcome);
      } else if (type == 3 && !more && payload.get(0) == 2) {
        frame(socket, 4, 0, stream, little(4).putInt(0, 42));
        frame(socket, 5, 1, stream, little(4));
        frame(socket, 5, 0x81, stream, little(0));
        frame(socket, 5, 0x82, stream, little(0));
        frame(socket, 10, 0, stream, little(8));
      } else if (type == 3 && !more && payload.get(0) == 3) {
        frame(socket, 4, 0, stream, little(4).putInt(0, 42));
      } else if (type == 3 && !more && payload.get(0) == 9) {
        frame(socket, 10, 0, stream, outcome(payload));
      } else if (type == 3 && !more || type == 5 && head.get(1) < 0) {
        frame(socket, 10, 0, stream, little(8));
      }
    }
  }

  /** What comes of an attempt to reach something: nothing but the gateway's port 1 is reached. */
  private ByteBuffer outcome(ByteBuffer probe) throws IOException {
    int what = probe.get(6);
    String said = what == 5 ? "lo" : what == 4 ? "NXDOMAIN" : "";
    boolean gate = what == 1 && tryGate(probe);
    ByteBuffer result = little(8 + said.length());
    result.putInt(4, gate || !said.isEmpty() ? 0 : 101);
    return result.put(8, said.getBytes(StandardCharsets.US_ASCII));
  }

  /** Connects to port 1, if that is meant, as the guest of a machine would. */
  private boolean tryGate(ByteBuffer probe) throws IOException {
    int length = probe.getInt(8);
    byte[] address = Arrays.copyOfRange(probe.array(), 12, 12 + length);
    if (probe.getShort(12 + length + 5) != 1 || length == 0) {
      return false;
    }
    boolean gateway = Arrays.equals(address, GATEWAY);
    int kind = gateway ? 0 : length == 4 ? 4 : 6;
    ByteBuffer open = little(gateway ? 4 : 4 + length).putInt(kind | 1 << 16);
    if (!gateway) {
      open.put(address);
    }
    connections += 2;
    frame(relay, 18, 0, connections, open);
    try {
      // The host has seen it when it answers: it accepts, or resets.
      return answers.take() == 19;
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  /** The guest's end of the relay. */
  private void network(SocketChannel socket) throws IOException {
    relay = socket;
    connections = -1;
    var in = new java.io.DataInputStream(Channels.newInputStream(socket));
    for (; ; ) {
      int type = in.readUnsignedByte();
      if (type == 0) {
        continue; // padding
      }
      ByteBuffer head = little(12);
      in.readFully(head.array(), 1, 11);
      ByteBuffer payload = little(head.getInt(8));
      in.readFully(payload.array());
      if (type == 1) {
        ByteBuffer welcome = little(44).put(payload.array(), 0, 8).put(payload.array(), 12, 16);
        welcome.putInt(1).putInt(65_536).putInt(1_024).putInt(131_072);
        frame(socket, 2, 0, 0, welcome);
      } else if (type == 16) {
        frame(socket, 17, 0, 0, little(4));
      } else if (type == 19 || type == 20) {
        answers.add(type);
      }
    }
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void frame(SocketChannel socket, int type, int flags, int stream, ByteBuffer body)
      throws IOException {
    ByteBuffer frame = little(12 + body.capacity()).put((byte) type).put((byte) flags);
    frame.putInt(4, stream).putInt(8, body.capacity()).put(12, body.array());
    frame.rewind();
    while (frame.hasRemaining()) {
      socket.write(frame);
    }
  }
}
