package dev.carafe.image.source;

/**
 * What an image must be made for.
 *
 * @param architecture as Go names it: {@code amd64}, {@code arm64}
 */
public record Platform(String os, String architecture) {

  /** Linux on this machine's processor: the engine runs no other. */
  public static Platform ofHost() {
    String architecture = System.getProperty("os.arch");
    return new Platform("linux", architecture.equals("aarch64") ? "arm64" : architecture);
  }

  @Override
  public String toString() {
    return os + "/" + architecture;
  }
}
