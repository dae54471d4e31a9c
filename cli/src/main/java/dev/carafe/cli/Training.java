package dev.carafe.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Enumeration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * What the launcher has a JVM run once after a build, so that it writes down the classes that later
 * starts then find loaded and linked. Starts no machine and asks nobody. Whatever it leaves out
 * still works, but is loaded slowly.
 */
final class Training {
  /** What a run of a command needs, by the first words of the jars' names. */
  private static final List<String> NEEDED =
      List.of("cli-", "machine-", "image-", "picocli-", "jackson-core-");

  private Training() {}

  /**
   * Loads classes, then ends.
   *
   * @param args a directory to write to
   */
  public static void main(String[] args) throws Exception {
    try {
      new Rehearsal(Path.of(args[0]), System.getenv()).play();
    } catch (Exception e) {
      e.printStackTrace(); // the launcher's log has it
      for (String jar : System.getProperty("java.class.path").split(":")) {
        String name = Path.of(jar).getFileName().toString();
        if (NEEDED.stream().anyMatch(name::startsWith)) {
          load(jar);
        }
      }
      useTheJdk(Path.of(args[0]));
    }
    // Not as Main ends: only an orderly end writes down what was learnt.
    System.exit(Main.run(new String[] {"machine", "ls", "--json"}, new HostSignals()));
  }

  private static void load(String jar) throws IOException {
    try (JarFile file = new JarFile(jar)) {
      for (Enumeration<JarEntry> all = file.entries(); all.hasMoreElements(); ) {
        String name = all.nextElement().getName();
        if (name.endsWith(".class") && !name.startsWith("META-INF/") && !name.contains("-info.")) {
          String className = name.substring(0, name.length() - 6).replace('/', '.');
          try {
            Class.forName(className, false, Training.class.getClassLoader());
          } catch (ClassNotFoundException | LinkageError e) {
            // A part that supports a library which is not here.
          }
        }
      }
    }
  }

  /** The parts of the JDK that starting a machine and talking to it uses. */
  private static void useTheJdk(Path directory) throws IOException, InterruptedException {
    Path file = Files.createTempFile(directory, "training", "");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.lock();
      channel.write(ByteBuffer.wrap(new byte[16]));
      channel.force(true);
    }
    Path moved = directory.resolve("moved");
    Files.move(file, moved, StandardCopyOption.ATOMIC_MOVE);
    Files.readString(moved);
    try (var list = Files.list(directory)) {
      list.sorted().toList();
    }
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("socket"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      Thread client =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (SocketChannel channel = SocketChannel.open(address)) {
                      channel.write(ByteBuffer.wrap(new byte[16]));
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      try (SocketChannel channel = server.accept()) {
        channel.read(ByteBuffer.allocate(64));
      }
      client.join();
    }
    Process process = new ProcessBuilder("true").redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    process.waitFor(10, TimeUnit.SECONDS);
    process.onExit().join();
    ProcessHandle.current().info().startInstant();
  }
}
