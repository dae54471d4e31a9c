package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.carafe.egress.secret.SecretSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RouteTableTest {
  private static final String GOOD = RoutesFixture.file("host: a.example");
  private static final String OTHER = RoutesFixture.file("host: a.example", "host: b.example");
  private static final String BAD = RoutesFixture.file("host: '*'");

  /** Held, since a logger that nobody holds forgets its level. What is logged is in the events. */
  private static final Logger LOG = Logger.getLogger("dev.carafe.egress.routes");

  static {
    LOG.setLevel(Level.OFF);
  }

  @TempDir Path directory;
  private Path file;
  private final List<RouteTable.Event> events = new CopyOnWriteArrayList<>();
  private RouteTable table;

  @BeforeEach
  void nameTheFile() {
    file = directory.resolve("routes.yaml");
  }

  @AfterEach
  void closeTheTable() {
    if (table != null) {
      table.close();
    }
  }

  private void open(String content) throws IOException {
    Files.writeString(file, content);
    open();
  }

  private void open() {
    table = RouteTable.open(file, SecretSources.of(RoutesFixture.ENV, w -> {}), events::add);
  }

  private int inForce() {
    return table.current().all().size();
  }

  /** As careful programs write: beside it, then renamed. */
  private void replace(String content) throws IOException {
    Path beside = directory.resolve("routes.yaml.new");
    Files.writeString(beside, content);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private void lookTwice() {
    table.look();
    table.look();
  }

  @Test
  void aMissingOrBadFileAtTheStartAllowsNothingAndSaysSo() throws Exception {
    open();
    assertThat(inForce()).isZero();
    assertThat(events).singleElement().isInstanceOf(RouteTable.Event.Denied.class);
    assertThat(events.getFirst().text())
        .startsWith("EVERY REQUEST IS REFUSED")
        .contains(file + ": there is no such file");
    replace(BAD);
    table.reload();
    assertThat(events.get(1)).isInstanceOf(RouteTable.Event.Denied.class);
    replace(GOOD);
    table.reload();
    assertThat(inForce()).isEqualTo(1);
  }

  @Test
  void aFileThatBecomesBadOrGoesAwayChangesNothingAndIsSaidOnce() throws Exception {
    open(GOOD);
    replace(BAD);
    lookTwice();
    lookTwice();
    assertThat(inForce()).isEqualTo(1);
    assertThat(events).hasSize(2);
    assertThat(events.getLast()).isInstanceOf(RouteTable.Event.Kept.class);
    assertThat(events.getLast().text()).contains("would allow every host");
    Files.delete(file);
    lookTwice();
    lookTwice();
    assertThat(inForce()).isEqualTo(1);
    assertThat(events).hasSize(3);
    assertThat(events.getLast().text()).contains("there is no such file");
  }

  @Test
  void aReplacedFileIsInForceWhenItHasStayedTheSame() throws Exception {
    open(GOOD);
    replace(OTHER);
    table.look();
    assertThat(inForce()).isEqualTo(1);
    table.look();
    assertThat(inForce()).isEqualTo(2);
  }

  @Test
  void aFileThatIsWrittenInPlaceIsNotUsedHalf() throws Exception {
    open(RoutesFixture.file("{host: a.example, matches: [{method: GET}]}"));
    String whole = "version: 1\nroutes:\n  - host: b.example\n    matches:\n      - method: GET\n";
    // An editor's first write ends before the conditions: valid, and wider than meant.
    Files.writeString(file, whole.substring(0, whole.indexOf("    matches")));
    table.look();
    Files.writeString(file, whole);
    table.look();
    assertThat(table.current().all().getFirst().host().text()).isEqualTo("a.example");
    table.look();
    assertThat(table.current().all().getFirst().matches()).hasSize(1);
    assertThat(events).hasSize(2);
  }

  @Test
  void aChangedLinkIsFollowed() throws Exception {
    Path one = Files.writeString(directory.resolve("one"), GOOD);
    Path two = Files.writeString(directory.resolve("two"), OTHER);
    Files.createSymbolicLink(file, one);
    open();
    Files.delete(file);
    Files.createSymbolicLink(file, two);
    lookTwice();
    assertThat(inForce()).isEqualTo(2);
  }

  @Test
  void aReloadFetchesSecretsAnewAlsoWhenTheFileIsTheSame() throws Exception {
    Path secret = Files.writeString(directory.resolve("secret"), "the-first-secret");
    open(RoutesFixture.file("{host: a.example, auth: {scheme: bearer, token: {file: secret}}}"));
    Files.writeString(secret, "the-second-secret");
    lookTwice();
    assertThat(value()).isEqualTo("Bearer the-first-secret");
    table.reload();
    assertThat(value()).isEqualTo("Bearer the-second-secret");
    Files.delete(secret);
    table.reload();
    assertThat(value()).isEqualTo("Bearer the-second-secret");
    assertThat(events.getLast().text()).contains("secret does not exist").doesNotContain("second");
  }

  private String value() {
    return table.current().all().getFirst().auth().orElseThrow().value();
  }

  @Test
  void theWatcherSeesAChange() throws Exception {
    open(GOOD);
    table.watch();
    replace(OTHER);
    await().atMost(Duration.ofSeconds(60)).until(() -> inForce() == 2);
  }

  @Test
  void whileFilesAreReplacedAndReloadedByManyNobodySeesAnythingButOneOrTheOther() throws Exception {
    open(GOOD);
    AtomicBoolean done = new AtomicBoolean();
    List<String> strange = new CopyOnWriteArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!done.get()) {
                      int routes = inForce();
                      if (routes != 1 && routes != 2) {
                        strange.add(routes + " routes");
                      }
                      Thread.yield();
                    }
                  }));
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!done.get()) {
                      table.reload();
                      table.look();
                    }
                  }));
    }
    for (int i = 0; i < 300; i++) {
      replace(List.of(GOOD, BAD, OTHER).get(i % 3));
    }
    replace(OTHER);
    done.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    table.reload();
    assertThat(strange).isEmpty();
    assertThat(inForce()).isEqualTo(2);
  }

  @Test
  void onceClosedNothingIsAllowed() throws Exception {
    open(GOOD);
    table.watch();
    table.close();
    table.close();
    table.reload();
    assertThat(inForce()).isZero();
  }

  /** Otherwise the proxy's end would take as long as the programs may. */
  @Test
  void closingDoesNotWaitForASecretThatIsBeingFetched() throws Exception {
    Path begun = directory.resolve("begun");
    String token = "{command: [sh, -c, 'touch " + begun + "; exec sleep 1000']}";
    open(GOOD);
    replace(RoutesFixture.file("{host: a.example, auth: {scheme: bearer, token: " + token + "}}"));
    Thread loading = Thread.ofPlatform().daemon().start(table::reload);
    await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(begun));
    table.close();
    assertThat(inForce()).isZero();
    loading.join();
    // The fetching was ended, and what came of it is nobody's business any more.
    assertThat(events).hasSize(1);
  }
}
