package dev.carafe.image;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * The directories Carafe keeps things in, by the XDG rules: each honours its variable and falls
 * back to the place under {@code HOME}. Nothing is created here.
 *
 * @param data what must not be lost: images, machines
 * @param cache what can be made again: kernel, templates, tools
 * @param config what the user writes
 * @param state what sessions leave: logs, preserved bottles
 * @param runtime sockets; short, because a socket's path has at most 107 bytes
 */
public record Home(Path data, Path cache, Path config, Path state, Path runtime) {

  /** From this process's environment. */
  public static Home ofEnvironment() {
    return of(System.getenv());
  }

  /**
   * From an environment: {@code XDG_*_HOME}, {@code XDG_RUNTIME_DIR}, {@code HOME}. Without a
   * runtime directory, sockets are in the cache: not in {@code /tmp}, where others could take the
   * name first.
   */
  public static Home of(Map<String, String> env) {
    Path home =
        Path.of(Objects.requireNonNullElse(env.get("HOME"), System.getProperty("user.home")));
    Path cache = xdg(env, "XDG_CACHE_HOME", home.resolve(".cache"));
    String runtime = env.get("XDG_RUNTIME_DIR");
    return new Home(
        xdg(env, "XDG_DATA_HOME", home.resolve(".local/share")),
        cache,
        xdg(env, "XDG_CONFIG_HOME", home.resolve(".config")),
        xdg(env, "XDG_STATE_HOME", home.resolve(".local/state")),
        runtime == null || !Path.of(runtime).isAbsolute()
            ? cache.resolve("run")
            : Path.of(runtime).resolve("carafe"));
  }

  private static Path xdg(Map<String, String> env, String variable, Path otherwise) {
    String value = env.get(variable);
    // The XDG specification says that relative paths are to be ignored.
    Path base = value == null || !Path.of(value).isAbsolute() ? otherwise : Path.of(value);
    return base.resolve("carafe");
  }

  public Path images() {
    return data.resolve("images");
  }

  public Path machines() {
    return data.resolve("machines");
  }
}
