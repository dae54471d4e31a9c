package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.egress.audit.AuditVerifier;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Proof;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine whose only way out is its sidecar, and what it tries. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SidecarTest {
  private static final String CREDENTIAL = "carafe-test-credential-" + "5f1c9be07a2d";
  private static final String HOST = "api.service.example";
  private static final String LATE = "late.service.example";
  private static final String LATER = "later.service.example";
  private static final int REFUSED = 7;

  @TempDir static Path directory;

  private static final Machines MACHINES = Lab.machines();
  private static Upstream upstream;
  private static SidecarSpec spec;
  private static Machine machine;
  private static Sidecar sidecar;

  @BeforeAll
  static void open() throws Exception {
    upstream =
        Upstream.start(directory, HOST, "plain.service.example", LATE, LATER, "other.example");
    Path routes = routes("");
    MachineSpec made =
        SidecarSpec.prepare(
            MachineSpec.builder(Lab.name("sidecar"))
                .init(List.of("curl -sS https://plain.service.example/init > /root/init"))
                .build(),
            routes);
    machine = MACHINES.create(made);
    Map<String, String> environment = new HashMap<>(Lab.environment());
    environment.put("SERVICE_TOKEN", CREDENTIAL);
    environment.put("HTTPS_PROXY", upstream.proxy());
    spec = SidecarSpec.of(made, environment).orElseThrow();
    sidecar = Sidecar.start(machine, spec);
  }

  /** The routes file with these lines more. */
  private static Path routes(String more) throws IOException {
    Path written =
        Files.writeString(
            directory.resolve("routes.new"),
            """
            version: 1
            ca: %s
            routes:
              - host: %s
                auth: {scheme: bearer, token: {env: SERVICE_TOKEN}}
              - host: plain.service.example
            %s
            """
                .formatted(upstream.certificate(), HOST, more));
    return Files.move(
        written, directory.resolve("routes.yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  @AfterAll
  static void close() throws IOException {
    machine.delete();
    MACHINES.close();
    upstream.close();
  }

  private static ExecResult curl(String arguments) {
    return machine.run(ExecSpec.shell("curl -sS -m 30 " + arguments + " 2>&1"));
  }

  @Test
  void aRouteIsReachedWithACredentialThatDoesNotComeBack() throws Exception {
    upstream.requests.clear();
    ExecResult result = curl("-H 'Authorization: Bearer mine' https://" + HOST + "/v1/things?a=b");
    assertThat(result.exitCode()).as(result.out()).isZero();
    assertThat(upstream.requests.poll(30, TimeUnit.SECONDS))
        .startsWith("GET /v1/things?a=b")
        .contains("Bearer " + CREDENTIAL)
        .doesNotContain("mine");
    assertThat(result.out()).contains("Bearer ****").doesNotContain(CREDENTIAL);
  }

  @Test
  void clientsThatKnowNoProxyAreServedAllTheSame() {
    ExecResult result = curl("--noproxy '*' https://plain.service.example/");
    assertThat(result.out()).startsWith("GET /");
    assertThat(curl("--noproxy '*' https://other.example/").out()).contains("resolve host");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://other.example/",
        "https://deep.plain.service.example/",
        "https://192.0.2.1/",
        "http://192.0.2.1/ -H 'Host: plain.service.example'",
        "https://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1.nip.example/"
      })
  void whatNoRouteNamesIsRefusedWithAReason(String destination) {
    ExecResult result = curl("-w '\n%{http_connect} %{http_code}' " + destination);
    assertThat(result.out()).contains("403");
  }

  @Test
  void aRefusalSaysWhyToWhoeverReadsIt() {
    ExecResult result =
        machine.run(
            ExecSpec.of(
                    "bash",
                    "-c",
                    "exec 3<>/dev/tcp/10.91.0.1/9099; printf 'CONNECT other.example:443 HTTP/1.1\\r\\n"
                        + "Host: other.example:443\\r\\nConnection: close\\r\\n\\r\\n' >&3; sed '/^egress:/q' <&3")
                .withTimeout(Duration.ofSeconds(30)));
    assertThat(result.out())
        .startsWith("HTTP/1.1 403")
        .contains("text/plain")
        .contains("egress: no route to other.example");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'https://plain.service.example/%s'",
        "'https://plain.service.example/?q=%s'",
        "-d 'note=%s' https://plain.service.example/",
        "-H 'X-Custom: %s' https://plain.service.example/"
      })
  void theCanaryIsCarriedOutByNothing(String request) {
    String name = spec.canary().orElseThrow().name();
    ExecResult plain = curl(request.formatted("'\"$" + name + "\"'"));
    assertThat(plain.out()).startsWith("egress:");
    ExecResult encoded =
        machine.run(
            ExecSpec.shell(
                "X=$(printf %s \"$"
                    + name
                    + "\" | base64 -w0 | tr +/ -_); curl -sS -m 30 "
                    + request.formatted("'\"$X\"'")));
    assertThat(encoded.out()).startsWith("egress:");
    assertThat(upstream.requests).noneMatch(seen -> seen.contains("note="));
  }

  @Test
  void nothingOfTheCredentialIsInTheGuestNorInWhatTheHostKeeps() throws Exception {
    curl("https://" + HOST + "/used");
    List<String> shapes =
        List.of(
            CREDENTIAL,
            HexFormat.of().formatHex(CREDENTIAL.getBytes(StandardCharsets.UTF_8)),
            Base64.getEncoder().encodeToString(CREDENTIAL.getBytes(StandardCharsets.UTF_8)));
    ExecResult inside =
        machine.run(
            ExecSpec.shell(
                "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null;"
                    + " grep -rIh credential /etc /root /tmp /run 2>/dev/null; true"));
    String arguments = hostArguments();
    for (String shape : shapes) {
      assertThat(inside.out()).doesNotContain(shape);
      assertThat(arguments).doesNotContain(shape);
      assertThat(Files.readString(spec.audit().orElseThrow())).doesNotContain(shape);
      assertThat(Files.readString(machine.directory().resolve("machine.json")))
          .doesNotContain(shape);
    }
  }

  private static String hostArguments() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.filter(p -> p.resolve("cmdline").toFile().exists()).toList()) {
        try {
          all.append(Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
          // It has ended meanwhile.
        }
      }
    }
    return all.toString();
  }

  @Test
  void theNetworkIsProvedAndTheAuditHolds() throws Exception {
    assertThat(machine.prove()).isNotEmpty().allMatch(Proof::holds);
    curl("https://plain.service.example/audited");
    assertThat(AuditVerifier.verify(List.of(spec.audit().orElseThrow())).whole()).isTrue();
    assertThat(Files.readString(spec.audit().orElseThrow())).contains("/audited");
  }

  @Test
  void aSidecarThatIsClosedLeavesNoWayOutAndCanBeOpenedAgain() {
    sidecar.close();
    try {
      assertThat(curl("https://plain.service.example/").exitCode()).isNotZero();
      // For a moment the guest still takes connections, and resets them; then it refuses them.
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> curl("https://plain.service.example/").exitCode() == REFUSED);
    } finally {
      sidecar = Sidecar.open(machine, spec);
    }
    assertThat(curl("https://plain.service.example/").out()).startsWith("GET /");
  }

  @Test
  void whatRunsFirstInTheMachineHasTheWayOutAlready() {
    assertThat(machine.run(ExecSpec.of("cat", "/root/init")).out()).startsWith("GET /init");
  }

  @Test
  void aRouteThatIsAddedIsReachedAfterAReload() throws Exception {
    // As the distribution's own tool leaves the store when a package has it run.
    machine.run(
        ExecSpec.shell(
            "cat /usr/local/share/ca-certificates/* >> /etc/ssl/certs/ca-certificates.crt"));
    try {
      assertThat(curl("https://" + LATE).out()).contains("403");
      routes("  - host: " + LATE);
      sidecar.reload();
      assertThat(curl("https://" + LATE).out()).startsWith("GET /");
      assertThat(curl("--noproxy '*' https://" + LATE).out()).startsWith("GET /");
    } finally {
      routes("");
      sidecar.reload();
    }
    assertThat(curl("https://" + LATE).out()).contains("403");
  }

  @Test
  void aRouteThatIsAddedToTheFileIsReachedByAndBy() throws Exception {
    try {
      routes("  - host: " + LATER);
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> curl("https://" + LATER + "/").out().startsWith("GET /"));
    } finally {
      routes("");
      sidecar.reload();
    }
  }

  @Test
  void aRoutesFileThatCannotBeUsedOpensNothing() throws IOException {
    Path bad = Files.writeString(directory.resolve("bad.yaml"), "version: 1\nroutse: []\n");
    assertThatThrownBy(() -> SidecarSpec.prepare(MachineSpec.named(Lab.name("bad")), bad))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
        .hasMessageContaining("routes");
  }
}
