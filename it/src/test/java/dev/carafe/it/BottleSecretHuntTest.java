package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Home;
import dev.carafe.image.ImageDetails;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.it.Hunter.Finding;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * After a session in a launched bottle that used its model's credential, and one of a route of its
 * own, they are looked for in every place where the bottle could have left them: while it runs, in
 * what it was frozen to, in the file that it was exported to, and in what is kept when it has
 * ended. A third secret, which the bottle does have, is found there by the same search.
 */
@Timeout(600)
class BottleSecretHuntTest {
  private static final String SERVICE = "service.example";
  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  private static final String MODEL = "model";
  private static final String ROUTE = "route";
  private static final String PLANTED = "planted";

  private static final Map<String, String> SECRETS = new HashMap<>();

  static {
    for (String name : List.of(MODEL, ROUTE, PLANTED)) {
      SECRETS.put(name, EscapeGround.random(LETTERS, 40));
    }
  }

  private static final Hunter HUNTER = new Hunter(SECRETS);
  private static final List<String> ANSWERS = new ArrayList<>();

  @BeforeAll
  static void useAndHunt(@TempDir Path directory) throws Exception {
    try (Machines machines = Lab.machines();
        Upstream upstream = Upstream.start(directory, ModelServer.ANTHROPIC, SERVICE)) {
      Path login = Files.writeString(directory.resolve("login"), "somebody:" + SECRETS.get(ROUTE));
      Map<String, String> host = new HashMap<>(Lab.environment());
      host.put("CLAUDE_CODE_OAUTH_TOKEN", SECRETS.get(MODEL));
      host.put("HTTPS_PROXY", upstream.proxy());
      String routes =
          "ca: %s\nroutes:\n  - host: %s\n    auth: {scheme: basic, token: {file: %s}}\n"
              .formatted(upstream.certificate(), SERVICE, login);
      LaunchedBottle launched =
          LaunchedBottle.launch(
              machines,
              "claude",
              "",
              routes,
              Map.of("PLANTED", SECRETS.get(PLANTED)),
              host,
              directory);
      try (launched) {
        String slug = launched.handle().name();
        use(launched);
        assertThat(upstream.requests)
            .anyMatch(request -> request.contains("Bearer " + SECRETS.get(MODEL)))
            .anyMatch(request -> request.contains("Basic "));
        running(launched);
        String reference = launched.handle().freeze(Progress.silent());
        frozen(reference);
        Path exported = directory.resolve("attacked.bottle");
        launched.carafe().exportBottle(slug, exported);
        try (InputStream in = Files.newInputStream(exported)) {
          // Its layers are packed, and the same as in the store: the one on top is looked at there.
          HUNTER.stream("the exported file", in);
        }
        launched.handle().keep();
        launched.handle().close();
        Machine machine = machines.get(slug);
        HUNTER.tree("what is kept:", machine.directory(), ".img");
        HUNTER.sparse("the kept disk", machine.directory().resolve("vm/overlay.img"));
        HUNTER.tree("the kept state:", launched.carafe().get(slug).directory(), ".img");
      }
    }
  }

  /** Answers come back with all that the server was sent, and are kept on the disk. */
  private static void use(LaunchedBottle launched) {
    for (String host : List.of(ModelServer.ANTHROPIC, SERVICE)) {
      for (String how : List.of("--http1.1", "--http2 -d note=1")) {
        String script =
            "curl -sSv -m 60 %s https://%s/v1/models/used 2>&1 | tee -a /home/node/answers";
        ANSWERS.add(launched.handle().exec(script.formatted(how, host)).out());
      }
    }
    launched
        .handle()
        .exec(
            "echo \"$PLANTED\" > /home/node/written; printf %s \"$PLANTED\" | base64 >> written;"
                + " curl -sS -m 60 -o /dev/null https://"
                + SERVICE
                + "/$PLANTED; sh -c 'sleep 1000; true' $PLANTED >/dev/null 2>&1 & sync");
  }

  private static void running(LaunchedBottle launched) throws Exception {
    Machine machine = launched.handle().machine();
    long qemu = machine.status().pid().orElseThrow();
    HUNTER.memory("QEMU's own memory", qemu, "/ram", "guest memory");
    HUNTER.sparse("the guest's disk", Path.of("/proc/" + qemu + "/root/overlay"));
    HUNTER.text("the guest's processes", inside(machine, "cat /proc/[0-9]*/cmdline"));
    HUNTER.text("their environment", inside(machine, "cat /proc/[0-9]*/environ"));
    HUNTER.text("the kernel's log", inside(machine, "dmesg"));
    HUNTER.text(
        "the files that the provider has put there",
        inside(machine, "cat /home/node/.claude.json /home/node/.claude/* /home/node/.carafe*"));
    HUNTER.text("this host's argument lists", SecretHuntTest.hostArguments());
    HUNTER.text("QEMU's environment", Files.readAllBytes(Path.of("/proc/" + qemu + "/environ")));
    HUNTER.tree("the machine's files:", machine.directory(), ".img");
    HUNTER.tree("the sockets' directory:", machine.sockets(), ".img");
    Path state = launched.carafe().get(machine.name()).directory();
    assertThat(state.resolve("bottle.json")).exists();
    assertThat(state.resolve("routes.yaml")).content().contains(SERVICE, ModelServer.ANTHROPIC);
    HUNTER.tree("the bottle's state:", state, ".img");
  }

  private static byte[] inside(Machine machine, String command) {
    return machine.run(ExecSpec.shell(command + " 2>/dev/null").withUser("0")).stdout();
  }

  /** The layer on top, as files and as it is kept, and what the store says of the image. */
  private static void frozen(String reference) throws Exception {
    ImageStore images = ImageStore.open(Home.of(Lab.environment()));
    ImageDetails details = images.inspect(reference).orElseThrow();
    try (InputStream layer = images.openLayer(details.layers().getLast().digest())) {
      HUNTER.stream("the frozen layer", layer);
    }
    HUNTER.text("the image's settings", details.toString().getBytes());
  }

  @Test
  void theSessionUsedTheCredentialsAndSawThemMasked() {
    assertThat(ANSWERS)
        .hasSize(4)
        .allMatch(answer -> answer.contains("/used") && answer.contains("****"));
  }

  @Test
  void noCredentialIsAnywhere() {
    assertThat(HUNTER.findings())
        .filteredOn(finding -> !finding.secret().equals(PLANTED))
        .isEmpty();
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
            "the machine's files: machine.json",
            "the bottle's state: audit.jsonl",
            "the frozen layer",
            "the kept disk",
            "the kept state: audit.jsonl",
            "what is kept: machine.json");
  }
}
