package dev.carafe.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A process of its own that imports its standard input into a store: to be killed, or to be given a
 * small disk.
 */
final class ImportingProcess {
  private ImportingProcess() {}

  /** Starts one behind {@code prefix}, for which it is the rest of the command line. */
  static Process start(Path store, String... prefix) throws IOException {
    return start(store, List.of(), prefix);
  }

  /** Starts one that adds its standard input to the image {@code below} as a layer. */
  static Process startAdding(Path store, String below, String... prefix) throws IOException {
    return start(store, List.of(below), prefix);
  }

  private static Process start(Path store, List<String> more, String... prefix) throws IOException {
    List<String> command = new ArrayList<>(List.of(prefix));
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            ImportingProcess.class.getName(),
            store.toString()));
    command.addAll(more);
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  public static void main(String[] arguments) throws IOException {
    StoreFixture fixture = new StoreFixture(Path.of(arguments[0]));
    System.out.println("open");
    Progress reading =
        new Progress() {
          @Override
          public void step(String what) {}

          @Override
          public void bytes(long done, long total) {
            if (done > 0 && total < 0) {
              System.out.println("reading");
            }
          }
        };
    try {
      if (arguments.length == 1) {
        System.out.println(fixture.store.importArchive(System.in, "a", reading));
      } else {
        Image below = fixture.store.ensure(arguments[1], Progress.silent());
        System.out.println(
            fixture.store.addLayer(below, System.in, "a", below.config(), "a test", reading));
      }
    } catch (ImageException e) {
      System.out.println(e.getMessage());
      System.out.println("left: " + fixture.files());
    }
  }
}
