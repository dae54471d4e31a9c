package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Package managers in a machine whose only way out is its sidecar, with the registries that this
 * host's are configured with, and this host's way to them; and what each says when there is no
 * route. Emulated, this takes its time.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class PackageTrafficTest {
  private static final Machines MACHINES = Lab.machines();

  @TempDir static Path directory;

  private static Machine machine;
  private static Sidecar sidecar;
  private static Set<String> aptHosts;
  private static String npmRegistry;
  private static String mavenRepository;

  @BeforeAll
  static void open() throws Exception {
    npmRegistry = HostTools.npmRegistry();
    mavenRepository = HostTools.mavenRepository();
    MachineSpec made =
        SidecarSpec.prepare(MachineSpec.named(Lab.name("packages")), routes("routes: []\n"));
    machine = MACHINES.create(made);
    sidecar =
        Sidecar.start(
            machine,
            SidecarSpec.of(made, Lab.environment())
                .orElseThrow()
                .withNotes(note -> System.out.println("· " + note)));
    aptHosts = new TreeSet<>();
    sh("apt-get indextargets --no-release-info --format '$(REPO_URI)'")
        .out()
        .lines()
        .forEach(aptHosts::add);
    aptHosts = hosts(aptHosts.toArray(String[]::new));
    HostTools.node(machine);
    HostTools.maven(machine);
    Path pom = directory.resolve("pom.xml");
    Files.writeString(pom, POM);
    machine.copyIn(pom, "/root/project/pom.xml");
    Files.writeString(pom, SETTINGS.formatted(mavenRepository));
    machine.copyIn(pom, "/root/.m2/settings.xml");
  }

  @AfterAll
  static void close() {
    machine.delete();
    MACHINES.close();
  }

  private static Path routes(String text) throws IOException {
    Path written = Files.writeString(directory.resolve("routes.new"), "version: 1\n" + text);
    return Files.move(
        written, directory.resolve("routes.yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static Set<String> hosts(String... urls) {
    Set<String> hosts = new LinkedHashSet<>();
    for (String url : urls) {
      hosts.add(URI.create(url).getHost());
    }
    return hosts;
  }

  private static ExecResult sh(String script) {
    return machine.run(ExecSpec.shell("exec 2>&1\n" + script).withTimeout(Duration.ofMinutes(10)));
  }

  /**
   * Of the host's suites the one with security updates, which is small, and of its packages the
   * smallest that needs no other; elsewhere, all of them, and one that Debian has always had.
   */
  private static final String APT =
      """
      set -e
      mkdir -p /root/apt
      apt-get indextargets --no-release-info --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | sort -u >/root/apt/all
      grep -e '-security ' /root/apt/all >/root/apt/list || cp /root/apt/all /root/apt/list
      options='-q -o Dir::Etc::sourcelist=/root/apt/list -o Dir::Etc::sourceparts=- -o Acquire::Languages=none'
      apt-get $options update
      package=$(apt-cache $options dumpavail |
        awk -v RS= '!/\\nDepends:/ && !/\\nPre-Depends:/ && match($0, /\\nSize: [0-9]+/) {
          size = substr($0, RSTART + 7, RLENGTH - 7); split($0, word, /[ \\n]/); print size, word[2] }' |
        sort -n | sed -n '1s/.* //p')
      apt-get $options install -y --no-install-recommends ${package:-tree}
      dpkg -s ${package:-tree} | grep Status
      """;

  private static final String NPM =
      "rm -rf /root/npm; mkdir /root/npm; cd /root/npm;"
          + " npm install --ignore-scripts --no-audit --no-fund --fetch-retries=1 ";

  private static final String MAVEN =
      "cd /root/project; JAVA_HOME=/opt/java MAVEN_OPTS='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'"
          + " /opt/maven/bin/mvn -B -q -Dstyle.color=never"
          // Spelt out: what is wrong on the way to a prefix Maven keeps to itself.
          + " org.apache.maven.plugins:maven-resources-plugin:3.3.1:resources";

  private static final String POM =
      """
      <project>
        <modelVersion>4.0.0</modelVersion>
        <groupId>lab</groupId>
        <artifactId>lab</artifactId>
        <version>1</version>
        <build>
          <plugins>
            <plugin>
              <artifactId>maven-resources-plugin</artifactId>
              <version>3.3.1</version>
            </plugin>
          </plugins>
        </build>
      </project>
      """;

  private static final String SETTINGS =
      """
      <settings>
        <mirrors>
          <mirror><id>lab</id><mirrorOf>*</mirrorOf><url>%s</url></mirror>
        </mirrors>
      </settings>
      """;

  private static String npm() {
    return NPM + "--registry " + npmRegistry + " sane@4";
  }

  @Nested
  class WithoutItsRoute {
    @BeforeAll
    static void forbid() throws Exception {
      routes("routes: []\n");
      sidecar.reload();
    }

    @Test
    void aptShowsWhy() {
      assertThat(sh(APT).out()).contains("egress: no route to " + aptHosts.iterator().next());
    }

    @Test
    void npmShowsWhy() {
      assertThat(sh(npm()).out()).contains("egress: no route to ");
    }

    @Test
    void mavenShowsWhy() {
      // Nothing of what it may have fetched when it could.
      String maven = MAVEN + " -Dmaven.repo.local=/root/none";
      assertThat(sh(maven).out()).contains("egress: no route to ");
    }
  }

  @Nested
  class WithItsRoute {
    @BeforeAll
    static void allow() throws Exception {
      Set<String> hosts = new TreeSet<>(aptHosts);
      hosts.addAll(hosts(npmRegistry, mavenRepository));
      StringBuilder text = new StringBuilder("routes:\n");
      Set<String> addresses = new TreeSet<>();
      for (String host : hosts) {
        text.append("  - host: ").append(host).append('\n');
        try {
          for (InetAddress address : InetAddress.getAllByName(host)) {
            addresses.add("'" + address.getHostAddress() + "'");
          }
        } catch (UnknownHostException e) {
          // The host's own proxy knows it.
        }
      }
      routes("allow: [" + String.join(", ", addresses) + "]\n" + text);
      sidecar.reload();
    }

    @Test
    void aptInstallsAPackage() {
      ExecResult result = sh(APT);
      assertThat(result.exitCode()).as(result.out()).isZero();
      assertThat(result.out()).contains("Setting up", "install ok installed");
    }

    @Test
    void npmInstallsAHundredPackages() {
      ExecResult result = sh(npm());
      assertThat(result.exitCode()).as(result.out()).isZero();
      String count =
          "find /root/npm/node_modules -name package.json -path '*node_modules/*' | wc -l";
      assertThat(Integer.parseInt(sh(count).out().strip())).isGreaterThan(100);
    }

    @Test
    void mavenFetchesAPluginAndWhatThatNeeds() {
      ExecResult result = sh(MAVEN);
      assertThat(result.exitCode()).as(result.out()).isZero();
      assertThat(sh("find /root/.m2 -name '*.jar'").out())
          .contains("maven-resources-plugin", "maven-filtering", "plexus-utils", "commons-io");
    }
  }
}
