package dev.carafe.it.enforcement;

import java.util.List;

/**
 * One thing that is enforced.
 *
 * @param says what, in a sentence that docs/security.md has too
 * @param where the class below {@code dev.carafe} and the method that decide it: {@code
 *     machine.network.Policy#allowed}; of methods of one name, all that are as {@code instead}
 *     needs
 * @param instead what is there for a moment, so that it is not enforced
 * @param test the class below {@code dev.carafe} and the method of a test that must then fail
 */
record Enforcement(String says, String where, Permit instead, String test) {

  /** The class that decides. */
  String owner() {
    return "dev.carafe." + where.substring(0, where.indexOf('#'));
  }

  /** The names of the methods of it that decide; more than one only where they go together. */
  List<String> methods() {
    return List.of(where.substring(where.indexOf('#') + 1).split(","));
  }

  /** The class of the test. */
  String testClass() {
    return "dev.carafe." + test.substring(0, test.indexOf('#'));
  }

  /** The method of the test. */
  String testMethod() {
    return test.substring(test.indexOf('#') + 1);
  }
}
