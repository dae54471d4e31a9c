package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** How a session begins: our greeting, and the answer that only this guest could give to it. */
public final class Handshake {
  static final String ATTEMPTED = "talk to the guest";

  private final Greeting greeting;
  private final SocketChannel socket;
  private final SelectionKey key;
  private final ByteBuffer in;

  /**
   * @param socket not blocking
   * @param key the socket's
   * @param in what comes after the answer stays in it
   */
  public Handshake(Greeting greeting, SocketChannel socket, SelectionKey key, ByteBuffer in) {
    this.greeting = greeting;
    this.socket = socket;
    this.key = key;
    this.in = in;
  }

  /**
   * Sends the greeting and reads at the same time: what an earlier session left may have to come
   * out before ours goes in.
   *
   * @return whether the machine is configured
   */
  public boolean run(boolean clean, long nanos) throws IOException {
    byte[] nonce = nonce();
    ByteBuffer opening = FrameWriter.opening(greeting, clean, nonce);
    Welcome welcome = new Welcome(greeting, nonce);
    long since = System.nanoTime();
    while (true) {
      if (opening.hasRemaining()) {
        socket.write(opening);
      }
      if (socket.read(in) < 0) {
        throw new IOException("the other end closed the connection before it answered");
      }
      in.flip();
      boolean found = welcome.find(in);
      in.compact();
      if (found) {
        return welcome.configured();
      }
      long left = (nanos - (System.nanoTime() - since)) / 1_000_000;
      if (left <= 0) {
        throw new MachineException(
            ErrorCode.TIMEOUT,
            ATTEMPTED,
            "its agent has not answered within " + nanos / 1_000_000 + " milliseconds");
      }
      await(opening.hasRemaining(), left);
    }
  }

  private void await(boolean toWrite, long milliseconds) throws IOException {
    key.interestOps(toWrite ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    key.selector().select(milliseconds);
    key.selector().selectedKeys().clear();
    if (Thread.currentThread().isInterrupted()) {
      throw new MachineException(ErrorCode.LOST, ATTEMPTED, "interrupted while waiting");
    }
  }

  /** From the kernel: the library's own generator would cost a cold start some milliseconds. */
  private static byte[] nonce() throws IOException {
    try (InputStream random = Files.newInputStream(Path.of("/dev/urandom"))) {
      return random.readNBytes(Protocol.NONCE_BYTES);
    }
  }
}
