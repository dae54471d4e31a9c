package dev.carafe.bench;

/**
 * Something to measure.
 *
 * @param name what is said while it runs
 * @param every it takes part in one of that many rounds
 * @param work takes its samples of one round; its own preparation is not timed
 */
record Case(String name, int every, Work work) {
  /** May fail in any way; a failure is said and the run goes on without it. */
  interface Work {
    void run() throws Exception;
  }

  static Case of(String name, Work work) {
    return new Case(name, 1, work);
  }
}
