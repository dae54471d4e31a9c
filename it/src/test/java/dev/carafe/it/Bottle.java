package dev.carafe.it;

import dev.carafe.machine.Denial;
import dev.carafe.machine.ExecResult;
import java.nio.file.Path;
import java.util.List;

/**
 * What is attacked: a machine with a sidecar, and what is planted in it. Commands see {@link
 * #SECRETS} and the canary in their environment. Its image has sh, bash, curl and procps.
 */
interface Bottle extends AutoCloseable {
  /** The variables that hold what looks like secrets, to be stolen. */
  List<String> SECRETS = List.of("TEST_SECRET_ANTHROPIC", "TEST_SECRET_AWS", "TEST_SECRET_GENERIC");

  /** The variable that holds the canary. */
  String canary();

  /**
   * Runs a script to its end, however that comes about.
   *
   * @param user {@code uid:gid}
   */
  ExecResult run(String user, String script);

  /** Copies a file in, for everybody to read and execute. */
  void put(Path host, String guest);

  /** What it was refused before a proxy was asked, the newest last. */
  List<Denial> denials();

  /** The directory on this host where the sidecar has its sockets. */
  Path sockets();

  /** Whether there is a way out. */
  boolean isOpen();

  /** Closes the way out. Nothing happens when it is closed. */
  void shut();

  /** Opens the way out. Nothing happens when it is open. */
  void open();

  /** Gives the way out to a process of its own, which is then killed without a warning. */
  void kill() throws Exception;

  /** The end of it, whatever state it is in. */
  @Override
  void close();
}
