package dev.carafe.it;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Programs of this host that are too slow to install in an emulated machine, put into one, and what
 * this host's are configured with. A base image is of the host's own release: what runs here runs
 * there.
 */
final class HostTools {
  /** The part of a JDK that Maven needs. */
  private static final String MODULES =
      "java.base,java.logging,java.management,java.naming,java.xml,jdk.unsupported";

  private static final Set<String> MIRRORED = Set.of("*", "external:*", "central");
  private static final Path KEPT = Path.of("target", "lab", "tools").toAbsolutePath();

  private HostTools() {}

  /** What a command writes, without the line's end. */
  static String output(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + " failed");
    }
    return text.strip();
  }

  private static Path program(String name) throws Exception {
    return Path.of(output("sh", "-c", "command -v " + name));
  }

  /** Puts node and npm where they are here, and the libraries that the machine does not have. */
  static void node(Machine machine) throws Exception {
    Path node = program("node").toRealPath();
    Path npm = program("npm").toRealPath();
    List<String> files = new ArrayList<>(List.of(node.toString()));
    for (String line : output("ldd", node.toString()).split("\n")) {
      int arrow = line.indexOf("=> /");
      if (arrow >= 0) {
        files.add(line.substring(arrow + 3, line.indexOf(" (")).strip());
      }
    }
    String missing =
        machine.run(ExecSpec.shell("ls -d " + String.join(" ", files) + " 2>/dev/null")).out();
    for (String file : files) {
      if (!missing.lines().toList().contains(file)) {
        machine.copyIn(Path.of(file).toRealPath(), file);
      }
    }
    // Debian's npm is in many packages, all in one directory; others' is in one of its own.
    Path modules = npm.getParent();
    while (!modules.getFileName().toString().equals("npm")) {
      modules = modules.getParent();
    }
    if (modules.startsWith("/usr/share/nodejs")) {
      modules = Path.of("/usr/share/nodejs");
    }
    machine.copyIn(modules, modules.toString());
    machine.run(
        ExecSpec.shell(
            "ln -sf " + node + " /usr/local/bin/node; ln -sf " + npm + " /usr/local/bin/npm"));
  }

  /** The registry that npm is configured with. */
  static String npmRegistry() throws Exception {
    return output("npm", "config", "get", "registry");
  }

  /** Puts Maven into {@code /opt/maven}, and what of this JDK it needs into {@code /opt/java}. */
  static void maven(Machine machine) throws Exception {
    Path java = KEPT.resolve("java-" + Runtime.version());
    if (!Files.exists(java)) {
      Path made = KEPT.resolve("java." + ProcessHandle.current().pid());
      Files.createDirectories(KEPT);
      output(
          Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
          "--add-modules",
          MODULES,
          "--strip-debug",
          "--no-header-files",
          "--no-man-pages",
          "--generate-cds-archive",
          "--output",
          made.toString());
      Files.move(made, java);
    }
    machine.copyIn(java, "/opt/java");
    Path copied = Files.createTempDirectory("maven-").resolve("maven");
    try {
      // What is links here leads to places that are not copied.
      output("cp", "-rL", mavenHome().toString(), copied.toString());
      machine.copyIn(copied, "/opt/maven");
    } finally {
      output("rm", "-r", copied.getParent().toString());
    }
  }

  private static Path mavenHome() throws Exception {
    return program("mvn").toRealPath().getParent().getParent();
  }

  private static String text(Element element, String name) {
    return element.getElementsByTagName(name).item(0).getTextContent().strip();
  }

  /** The repository that Maven fetches from: a mirror of its settings, else its own. */
  static String mavenRepository() throws Exception {
    Path home = mavenHome();
    for (Path settings :
        List.of(
            Path.of(System.getProperty("user.home"), ".m2", "settings.xml"),
            home.resolve("conf/settings.xml"))) {
      if (Files.exists(settings)) {
        NodeList mirrors =
            DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(settings.toFile())
                .getElementsByTagName("mirror");
        for (int i = 0; i < mirrors.getLength(); i++) {
          Element mirror = (Element) mirrors.item(i);
          // Not the one that keeps Maven from asking anybody without TLS.
          if (MIRRORED.contains(text(mirror, "mirrorOf"))) {
            return text(mirror, "url");
          }
        }
      }
    }
    try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
      Path builder =
          jars.filter(jar -> jar.getFileName().toString().startsWith("maven-model-builder"))
              .findFirst()
              .orElseThrow();
      String model = "";
      try (ZipFile jar = new ZipFile(builder.toFile());
          InputStream entry =
              jar.getInputStream(jar.getEntry("org/apache/maven/model/pom-4.0.0.xml"))) {
        model = new String(entry.readAllBytes(), StandardCharsets.UTF_8);
      }
      int url = model.indexOf("<url>") + 5;
      return model.substring(url, model.indexOf("</url>")).strip();
    }
  }
}
