package dev.carafe.machine.channel;

/**
 * How long a guest may leave the host waiting, in nanoseconds. Only a command's own run has no
 * limit here, as long as the agent answers.
 *
 * @param silence while requests are under way and nothing comes: then it is asked whether it is
 *     there, and has as long again, twice, to say anything at all
 * @param stall while it takes no bytes off the channel although there are some
 * @param start between a command's request and its start
 * @param copy without any progress of a copy
 */
record Patience(long silence, long stall, long start, long copy) {
  private static final long SECOND = 1_000_000_000L;

  /**
   * Generous, because an emulated guest on a busy host is slow; a dead one is found all the same.
   */
  static final Patience NORMAL = new Patience(20 * SECOND, 60 * SECOND, 60 * SECOND, 120 * SECOND);

  static final long ENDLESS = Long.MAX_VALUE;
}
