package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.image.Home;
import dev.carafe.it.Hunter.Finding;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * After a session that used credentials, they are looked for in every place where the machine or
 * Carafe could have left them. A third secret, which the session does carry into the guest and to
 * those places, is found there by the same search.
 */
@Timeout(300)
class SecretHuntTest {
  private static final String BEARER = "bearer.service.example";
  private static final String BASIC = "basic.service.example";
  private static final String HEADER = "header.service.example";

  private static final List<String> CREDENTIALS = List.of("bearer", "basic", "header");
  private static final String PLANTED = "planted";

  private static final Map<String, String> SECRETS = new LinkedHashMap<>();

  static {
    for (String name : List.of("bearer", "basic", "header", PLANTED)) {
      SECRETS.put(
          name,
          EscapeGround.random("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 40));
    }
  }

  private static final Hunter HUNTER = new Hunter(SECRETS);
  private static final List<String> ANSWERS = new ArrayList<>();

  @BeforeAll
  static void useAndHunt(@TempDir Path directory) throws Exception {
    try (Machines machines = Lab.machines();
        Upstream upstream = Upstream.start(directory, BEARER, BASIC, HEADER)) {
      Path routes =
          Files.writeString(
              directory.resolve("routes.yaml"),
              """
              version: 1
              ca: %s
              routes:
                - host: %s
                  auth: {scheme: bearer, token: {env: BEARER_TOKEN}}
                - host: %s
                  auth: {scheme: basic, token: {file: login}}
                - host: %s
                  auth: {header: x-api-key, token: {command: [cat, %s]}}
              """
                  .formatted(
                      upstream.certificate(), BEARER, BASIC, HEADER, directory.resolve("key")));
      Files.writeString(directory.resolve("login"), "somebody:" + SECRETS.get("basic"));
      Files.writeString(directory.resolve("key"), SECRETS.get("header"));
      Map<String, String> host = new HashMap<>(Lab.environment());
      host.put("BEARER_TOKEN", SECRETS.get("bearer"));
      host.put("HTTPS_PROXY", upstream.proxy());
      Machine machine =
          machines.create(
              SidecarSpec.prepare(
                  MachineSpec.builder(Lab.name("hunt"))
                      .env(Map.of("PLANTED", SECRETS.get(PLANTED)))
                      .build(),
                  routes));
      try {
        machine.start();
        SidecarSpec spec = SidecarSpec.of(machine.spec(), host).orElseThrow();
        try (Sidecar _ = Sidecar.open(machine, spec)) {
          use(machine);
          assertThat(upstream.requests)
              .anyMatch(request -> request.contains("Bearer " + SECRETS.get("bearer")))
              .anyMatch(request -> request.contains("Basic "))
              .anyMatch(request -> request.contains(": " + SECRETS.get("header")));
          plant(machine);
          hunt(machine, spec);
        }
        HUNTER.tree("what is left", machine.directory(), ".img");
      } finally {
        machine.delete();
      }
    }
  }

  /** Answers come back with all that the server was sent, and are kept on the disk. */
  private static void use(Machine machine) {
    for (String host : List.of(BEARER, BASIC, HEADER)) {
      for (String how : List.of("--http1.1", "--http2 --noproxy '*' -d note=1")) {
        String script = "curl -sSv -m 60 %s https://%s/used 2>&1 | tee -a /root/answers";
        ANSWERS.add(machine.run(ExecSpec.shell(script.formatted(how, host))).out());
      }
    }
  }

  /** The guest's own programs write the third secret down, in all forms. */
  private static void plant(Machine machine) {
    String script =
        """
        cd /root; exec > written
        echo "$PLANTED"
        printf %s "$PLANTED" | base64 -w0; echo
        printf '1%s' "$PLANTED" | base64 -w0 | tr +/ -_; echo
        printf '22%s2' "$PLANTED" | base64 -w0; echo
        printf %s "$PLANTED" | base32 -w0; echo
        printf %s "$PLANTED" | od -An -v -tx1 | tr -d ' \\n'; echo
        printf %s "$PLANTED" | od -An -v -tx1 | tr -d '\\n' | tr ' ' %; echo
        printf %s "$PLANTED" | gzip -c
        printf %s "$PLANTED" | gzip -c | base64 -w0; echo
        perl -e 'print scalar reverse($ENV{PLANTED}), "\\n", pack("v*", unpack("C*", $ENV{PLANTED})), "\\n"'
        perl -e 'our @kept = map { "$_ $ENV{PLANTED}" } 1..10; sleep 1000' $PLANTED >/dev/null 2>&1 &
        curl -sS -m 60 -o /dev/null https://%HOST%/$PLANTED
        echo "$PLANTED" > /dev/kmsg
        sync
        """
            .replace("%HOST%", BEARER);
    machine.run(ExecSpec.shell(script));
  }

  private static void hunt(Machine machine, SidecarSpec spec) throws Exception {
    long qemu = machine.status().pid().orElseThrow();
    Process witness = new ProcessBuilder("sh", "-c", "read line", SECRETS.get(PLANTED)).start();
    try {
      long start = System.nanoTime();
      HUNTER.memory("QEMU's own memory", qemu, "/ram", "guest memory");
      HUNTER.sparse("the guest's disk", Path.of("/proc/" + qemu + "/root/overlay"));
      HUNTER.sparse("the image", Path.of("/proc/" + qemu + "/root/image"));
      HUNTER.text("the guest's processes", inside(machine, "cat /proc/[0-9]*/cmdline"));
      HUNTER.text("their environment", inside(machine, "cat /proc/[0-9]*/environ"));
      HUNTER.text("the kernel's log", inside(machine, "dmesg"));
      HUNTER.text(
          "the guest's mounted files",
          inside(machine, "cat /root/* /etc/carafe/* /etc/ssl/certs/*"));
      HUNTER.text("this host's argument lists", hostArguments());
      HUNTER.text("QEMU's environment", Files.readAllBytes(Path.of("/proc/" + qemu + "/environ")));
      HUNTER.tree("the machine's files:", machine.directory(), ".img");
      HUNTER.tree("the sockets' directory:", machine.sockets(), ".img");
      HUNTER.tree("the state:", Home.of(spec.environment()).state(), ".img");
      System.out.println("· hunted for " + (System.nanoTime() - start) / 1_000_000 + " ms");
    } finally {
      witness.destroyForcibly();
    }
  }

  private static byte[] inside(Machine machine, String command) {
    return machine.run(ExecSpec.shell(command + " 2>/dev/null")).stdout();
  }

  static byte[] hostArguments() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.toList()) {
        try {
          all.append(Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
          // It has ended meanwhile, or is none.
        }
      }
    }
    return all.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void theSessionUsedTheCredentialsAndSawThemMasked() {
    assertThat(ANSWERS)
        .hasSize(6)
        .allMatch(answer -> answer.contains("/used") && answer.contains("****"));
  }

  @Test
  void noCredentialIsAnywhere() {
    assertThat(HUNTER.findings())
        .extracting(Finding::secret)
        .doesNotContainAnyElementsOf(CREDENTIALS);
  }

  @Test
  void whatIsReallyThereIsFoundInEveryPlace() {
    assertThat(HUNTER.findings())
        .extracting(Finding::place)
        .contains(
            "guest memory",
            "the guest's disk",
            "the guest's processes",
            "their environment",
            "the kernel's log",
            "the guest's mounted files",
            "this host's argument lists",
            "the machine's files: machine.json");
    assertThat(HUNTER.findings())
        .extracting(Finding::place)
        .anyMatch(place -> place.startsWith("the state: ") && place.endsWith(".jsonl"));
  }

  @Test
  void whatIsReallyThereIsFoundInEveryForm() {
    assertThat(HUNTER.findings())
        .filteredOn(finding -> finding.place().equals("the guest's disk"))
        .extracting(Finding::form)
        .containsExactlyInAnyOrderElementsOf(Forms.of(SECRETS.get(PLANTED)).keySet());
  }
}
