package dev.carafe.bottle.manifest;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The mistakes of one file by itself, whether or not what it names exists. */
public final class ManifestCheck {
  private ManifestCheck() {}

  /** Of an agent's file. */
  public static List<ManifestProblem> agent(Path file, byte[] bytes) {
    return AgentFile.read("", Origin.USER, file, bytes).problems();
  }

  /**
   * Of a bottle's file.
   *
   * @param env where {@code HOME} is looked up
   */
  public static List<ManifestProblem> bottle(Path file, byte[] bytes, Map<String, String> env) {
    return BottleReader.read("", file, bytes, env).problems();
  }
}
