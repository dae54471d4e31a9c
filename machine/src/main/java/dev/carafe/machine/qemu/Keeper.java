package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A process of its own that holds a machine's network open for as long as the machine runs: for
 * those who start a machine and go. It is begun early, because a JVM takes its time, and waits for
 * the word to open the network; if its parent dies before, so does it. After that it says for each
 * further line what it has seen at the gateway's port, until its parent leaves it.
 */
final class Keeper implements AutoCloseable {
  private final String attempted;
  private final Process process;
  private final OutputStream out;
  private final BufferedReader in;

  private Keeper(String attempted, Process process) {
    this.attempted = attempted;
    this.process = process;
    out = process.getOutputStream();
    in =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /**
   * Begins the process.
   *
   * @param command to which the machine's name is added; see {@link QemuMachines#open}
   */
  static Keeper begin(List<String> command, String setsid, MachineDirectory machine) {
    String attempted = "open the network of machine '" + machine.name() + "'";
    List<String> all = new ArrayList<>(List.of(setsid));
    all.addAll(command);
    all.add(machine.name());
    try {
      Process process =
          new ProcessBuilder(all)
              .directory(new File("/"))
              .redirectError(machine.relayLog().toFile())
              .start();
      return new Keeper(attempted, process);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, attempted, Storage.explain(e), e);
    }
  }

  /** Has it open the network, and waits until it has. */
  void open() {
    String answer = ask();
    if (!answer.equals("open")) {
      close();
      throw new MachineException(ErrorCode.LOST, attempted, answer);
    }
  }

  /** What its {@link dev.carafe.machine.Gateway#seenAtGate} is now, once it is open. */
  int seenAtGate() {
    String answer = ask();
    if (!answer.matches("[0-9]{1,9}")) {
      throw new MachineException(ErrorCode.LOST, attempted, answer);
    }
    return Integer.parseInt(answer);
  }

  private String ask() {
    try {
      out.write('\n');
      out.flush();
      String line = in.readLine();
      return line == null ? "its process ended" : line;
    } catch (IOException e) {
      return "its process ended";
    }
  }

  /** From now on it is on its own. */
  void leave() {
    try {
      out.close();
      in.close();
    } catch (IOException e) {
      // It has nothing more to be told.
    }
  }

  /** Ends the process if it was not told to open the network, or has failed to. */
  @Override
  public void close() {
    process.destroyForcibly();
    leave();
  }
}
