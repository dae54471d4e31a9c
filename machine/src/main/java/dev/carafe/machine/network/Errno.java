package dev.carafe.machine.network;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;

/** The kernel's numbers for what can go wrong with a connection, which the guest passes on. */
final class Errno {
  static final int ACCES = 13;
  static final int MFILE = 24;
  static final int PIPE = 32;
  static final int NETUNREACH = 101;
  static final int CONNABORTED = 103;
  static final int CONNRESET = 104;
  static final int TIMEDOUT = 110;
  static final int CONNREFUSED = 111;
  static final int HOSTUNREACH = 113;

  private Errno() {}

  /** Java tells them apart by words only. */
  static int of(IOException e) {
    String words = e.getMessage() == null ? "" : e.getMessage();
    if (words.contains("refused")) {
      return CONNREFUSED;
    } else if (words.contains("unreachable")) {
      return NETUNREACH;
    } else if (words.contains("reset")) {
      return CONNRESET;
    } else if (words.contains("Broken pipe")) {
      return PIPE;
    } else if (words.contains("Too many open files")) {
      return MFILE;
    } else if (words.contains("timed out")) {
      return TIMEDOUT;
    } else if (words.contains("denied") || words.contains("not permitted")) {
      return ACCES;
    } else if (e instanceof NoRouteToHostException) {
      return HOSTUNREACH;
    }
    return e instanceof ConnectException ? CONNREFUSED : CONNABORTED;
  }
}
