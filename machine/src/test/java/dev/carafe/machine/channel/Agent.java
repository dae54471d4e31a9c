package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** The real guest agent as an ordinary process of this host, with a socket of its own. */
final class Agent implements AutoCloseable {
  private final Process process;
  private final Path socket;

  Agent(Path directory) throws IOException {
    Path program = directory.resolve("carafe-agent");
    try (InputStream packed = Agent.class.getResourceAsStream("/dev/carafe/guest/carafe-agent")) {
      Files.copy(Objects.requireNonNull(packed, "the guest module has no agent"), program);
    }
    program.toFile().setExecutable(true);
    socket = directory.resolve("agent.sock");
    process =
        new ProcessBuilder(program.toString(), "--listen", socket.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("agent.log").toFile())
            .start();
  }

  SocketChannel connect() throws IOException {
    while (true) {
      SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        connection.connect(UnixDomainSocketAddress.of(socket));
        return connection;
      } catch (IOException e) {
        connection.close();
        if (!process.isAlive()) {
          throw new IllegalStateException("the agent ended with " + process.exitValue(), e);
        }
        if (Thread.interrupted()) {
          throw new IllegalStateException("the agent does not listen", e);
        }
        Thread.onSpinWait();
      }
    }
  }

  /** A channel to it; waits until an earlier one is gone, because it serves one at a time. */
  Channel channel() throws IOException {
    while (true) {
      try {
        return Channel.open(connect(), false, Duration.ofSeconds(20));
      } catch (MachineException e) {
        if (e.code() != ErrorCode.LOST) {
          throw e;
        }
      }
    }
  }

  long pid() {
    return process.pid();
  }

  /** Kills it with all it has started, and returns when it is gone. */
  @Override
  public void close() {
    // The agent first: it would otherwise still report how its commands ended.
    List<ProcessHandle> commands = process.descendants().toList();
    process.destroyForcibly().onExit().join();
    commands.forEach(ProcessHandle::destroyForcibly);
  }
}
