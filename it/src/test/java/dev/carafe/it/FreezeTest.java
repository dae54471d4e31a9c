package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarReader;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Layers of a machine that goes on working while they are made. */
@Timeout(300)
class FreezeTest {
  private static final Machines MACHINES = Lab.machines();
  private static Machine machine;

  @TempDir Path temp;

  @BeforeAll
  static void start() {
    // A small disk has a small place for what is overwritten meanwhile, which one test fills.
    machine = MACHINES.create(MachineSpec.builder(Lab.name("freeze")).disks(20, 1).build());
    machine.start();
  }

  @AfterAll
  static void delete() {
    machine.delete();
    MACHINES.close();
  }

  /** Whatever a test did: nothing is left of a freeze, the disk works, and no error was seen. */
  @AfterEach
  void theMachineIsAsBefore() {
    sh("ls /dev/dm-* | wc -l | grep -qx 1");
    sh("echo x > /root/after && sync /root/after && rm /root/after");
    sh("! dmesg | grep -i 'i/o error.*dm-0\\|remounting'");
  }

  private static String sh(String script) {
    var result = machine.run(ExecSpec.shell(script));
    assertThat(result.exitCode()).as(script + "\n" + result.err()).isZero();
    return result.out();
  }

  private record Frozen(Path file, Duration still, Duration all) {}

  private Frozen freeze(String... leftOut) throws IOException {
    Path file = Files.createTempFile(temp, "layer", ".tar");
    long begun = System.nanoTime();
    try (OutputStream out = Files.newOutputStream(file)) {
      Duration still = machine.freeze(FreezeSpec.without(Set.of(leftOut)), out);
      Duration all = Duration.ofNanos(System.nanoTime() - begun);
      System.out.println(
          "· frozen: stood still for "
              + still.toNanos() / 1_000
              + " us, in all "
              + all.toMillis()
              + " ms, "
              + Files.size(file)
              + " bytes");
      return new Frozen(file, still, all);
    }
  }

  private static Map<String, TarEntry> entries(Path layer) throws IOException {
    Map<String, TarEntry> entries = new LinkedHashMap<>();
    try (InputStream in = Files.newInputStream(layer)) {
      TarReader reader = new TarReader(in);
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        assertThat(entries.put(entry.name(), entry)).as(entry.name()).isNull();
      }
      assertThat(reader.sawEndMark()).isTrue();
    }
    return entries;
  }

  /** What the host's own tar says, run on the layer. */
  private String tar(Path layer, String... arguments) throws Exception {
    var command = new java.util.ArrayList<>(java.util.List.of("tar", "-f", layer.toString()));
    command.addAll(java.util.List.of(arguments));
    Process process =
        new ProcessBuilder(command).directory(temp.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  @Test
  void ofAMachineInWhichNothingWasChangedALayerHasNoFiles() throws Exception {
    Machine fresh = MACHINES.create(MachineSpec.named(Lab.name("unchanged")));
    try {
      fresh.start();
      Path file = temp.resolve("layer.tar");
      try (OutputStream out = Files.newOutputStream(file)) {
        fresh.freeze(FreezeSpec.ALL, out);
      }
      assertThat(entries(file).values()).allMatch(entry -> entry.type() == TarEntry.Type.DIRECTORY);
      assertThat(entries(file)).containsKeys("tmp/", "var/tmp/");
      assertThat(entries(file).get("tmp/").mode()).isEqualTo(01777);
    } finally {
      fresh.delete();
    }
  }

  @Test
  void everyKindOfChangeIsInTheLayer() throws Exception {
    sh(
        """
        set -e
        mkdir /srv/kinds && cd /srv/kinds
        printf text > file && chown 1234:70000 file && chmod 4750 file
        ln file other && ln -s ../nowhere link
        mkfifo -m 620 pipe && mknod disk b 7 300 && mknod console c 5 1
        touch -d @1234567890 dated
        printf end | dd of=sparse bs=1 seek=3G status=none
        mkdir -m 3775 shared
        attribute() { perl -e 'my ($f, $n, $v) = @ARGV; $v = eval qq("$v");
          syscall(188, $f, $n, $v, length($v), 0) == 0 or die "$!"' "$@"; }
        attribute file user.note 'a\\0=\\nb'
        attribute dated security.capability '\\1\\0\\0\\2\\0\\x20\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'
        rm /etc/debian_version && rm -r /usr/share/doc/bash && mkdir /usr/share/doc/bash
        echo new > /usr/share/doc/bash/new
        echo more >> /etc/passwd
        echo x > /tmp/x; echo x > /var/tmp/x; echo x > /run/x; echo secret > /etc/secret
        mkdir /srv/out && echo x > /srv/out/x
        """);
    Frozen frozen = freeze("/etc/secret", "/srv/out");
    Map<String, TarEntry> all = entries(frozen.file());
    TarEntry file = all.get("srv/kinds/file");
    assertThat(file.mode()).isEqualTo(04750);
    assertThat(file.uid()).isEqualTo(1234);
    assertThat(file.gid()).isEqualTo(70_000);
    assertThat(file.xattrs()).isEqualTo(Map.of("user.note", "a\0=\nb"));
    assertThat(all.get("srv/kinds/dated").xattrs()).containsKey("security.capability");
    assertThat(all.get("srv/kinds/dated").mtime()).isEqualTo(1_234_567_890);
    assertThat(all.get("srv/kinds/other").type()).isEqualTo(TarEntry.Type.HARD_LINK);
    assertThat(all.get("srv/kinds/other").link()).isEqualTo("srv/kinds/file");
    assertThat(all.get("srv/kinds/sparse").size()).isEqualTo((3L << 30) + 3);
    assertThat(all.get("srv/kinds/shared/").mode()).isEqualTo(03775);
    assertThat(all.get("etc/.wh.debian_version").size()).isZero();
    assertThat(all).containsKey("usr/share/doc/bash/.wh..wh..opq");
    assertThat(all).containsKey("usr/share/doc/bash/new");
    assertThat(all.get("etc/passwd").size())
        .isEqualTo(Long.parseLong(sh("stat -c %s /etc/passwd").strip()));
    assertThat(all.keySet())
        .noneMatch(name -> name.matches("(tmp|var/tmp|run|proc|sys|dev|srv/out)/.+"))
        .doesNotContain("etc/secret", "srv/out/", "run/", "etc/hosts", "etc/machine-id");
    assertThat(all.get("tmp/").mode()).isEqualTo(01777);

    String listed =
        tar(frozen.file(), "-tv", "--numeric-owner", "--xattrs", "--full-time", "--utc");
    assertThat(listed)
        .containsPattern("-rwsr-x---\\*? +1234/70000 +4 .* srv/kinds/file\n")
        .containsPattern("hrwsr-x---\\*? +1234/70000 .* srv/kinds/other link to srv/kinds/file\n")
        .containsPattern("lrwxrwxrwx +0/0 .* srv/kinds/link -> ../nowhere\n")
        .containsPattern("prw--w---- +0/0 .* srv/kinds/pipe\n")
        .containsPattern("brw-r--r-- +0/0 +7,300 .* srv/kinds/disk\n")
        .containsPattern("crw-r--r-- +0/0 +5,1 .* srv/kinds/console\n")
        .containsPattern("2009-02-13 23:31:30 srv/kinds/dated\n")
        .containsPattern("drwxrwsr-t +0/0 .* srv/kinds/shared/\n")
        .containsPattern("drwxrwxrwt +0/0 .* var/tmp/\n");
    assertThat(tar(frozen.file(), "-xO", "srv/kinds/file")).isEqualTo("text");
    tar(frozen.file(), "-x", "--no-same-owner", "srv/kinds/sparse");
    Path sparse = temp.resolve("srv/kinds/sparse");
    assertThat(Files.size(sparse)).isEqualTo((3L << 30) + 3);
    assertThat(Files.size(frozen.file())).isLessThan(20 << 20);

    // Nothing but time has passed.
    assertThat(entries(freeze("/etc/secret", "/srv/out").file()).keySet()).isEqualTo(all.keySet());
    sh("rm -r /srv/kinds /srv/out /etc/secret");
  }

  /** Pairs of files that are always the same but between two renames, and a log without an end. */
  @Test
  void theLayerIsOneMomentAndWhoWritesMeanwhileNoticesNothing() throws Exception {
    sh(
        "mkdir -p /srv/pairs && dd if=/dev/urandom of=/srv/pairs/ballast bs=1M count=10 status=none");
    String writer =
        """
        use IO::Handle;
        my ($n, $last, $most) = (0, time, 0);
        $SIG{TERM} = sub { print "$n rounds\\n"; exit 0 };
        for (;;) {
          $n++;
          mkdir "/srv/pairs/new" or die "mkdir: $!";
          for my $name ("a", "b") {
            open(my $f, ">", "/srv/pairs/new/$name") or die "open: $!";
            print $f "$n\\n" x 3000 or die "write: $!";
            close($f) or die "close: $!";
          }
          open(my $log, ">>", "/srv/pairs/log") or die "log: $!";
          print $log "$n\\n" or die "log: $!";
          $log->sync or die "sync: $!";
          close($log) or die "log: $!";
          rename "/srv/pairs/pair", "/srv/pairs/old" if -e "/srv/pairs/pair";
          rename "/srv/pairs/new", "/srv/pairs/pair" or die "rename: $!";
          unlink "/srv/pairs/old/a", "/srv/pairs/old/b";
          rmdir "/srv/pairs/old";
        }
        """;
    try (var run = machine.exec(ExecSpec.of("perl", "-e", writer))) {
      for (int i = 0; i < 3; i++) {
        sh("until [ $(wc -l < /srv/pairs/log) -gt " + (i + 1) * 20 + " ]; do sleep 0.1; done");
        Frozen frozen = freeze();
        assertThat(frozen.still()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(10));
        Map<String, TarEntry> all = entries(frozen.file());
        String log = tar(frozen.file(), "-xO", "srv/pairs/log");
        assertThat(log).endsWith("\n");
        long round = log.lines().count();
        // The log is synced before the renames: what is renamed is of this round or the one before.
        String which = all.containsKey("srv/pairs/pair/a") ? "pair" : "old";
        String a = tar(frozen.file(), "-xO", "srv/pairs/" + which + "/a");
        String b = tar(frozen.file(), "-xO", "srv/pairs/" + which + "/b");
        assertThat(b).isEqualTo(a).hasLineCount(3000);
        assertThat(Long.parseLong(a.lines().findFirst().orElseThrow())).isBetween(round - 1, round);
      }
      run.signal(15);
      assertThat(run.await()).isZero();
    }
    sh("rm -r /srv/pairs");
  }

  /** Takes nothing until it is told to. */
  private static final class Held extends OutputStream {
    final CountDownLatch began = new CountDownLatch(1);
    final CountDownLatch goOn = new CountDownLatch(1);

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      began.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new java.io.InterruptedIOException();
      }
    }
  }

  private static CompletableFuture<Duration> freezing(OutputStream out) {
    CompletableFuture<Duration> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                done.complete(machine.freeze(FreezeSpec.ALL, out));
              } catch (Throwable e) {
                done.completeExceptionally(e);
              }
            });
    return done;
  }

  @Test
  void oneFreezeAtATimeAndOneThatIsGivenUpIsNotInTheNextOnesWay() throws Exception {
    sh("dd if=/dev/urandom of=/srv/ballast bs=1M count=4 status=none");
    Held held = new Held();
    var first = freezing(held);
    held.began.await();
    assertThatThrownBy(() -> machine.freeze(FreezeSpec.ALL, OutputStream.nullOutputStream()))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("frozen already");
    assertThat(first).isNotDone();
    held.goOn.countDown();
    assertThat(first.get()).isPositive();
    // And one whose reader breaks off.
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no room");
          }
        };
    assertThatThrownBy(() -> machine.freeze(FreezeSpec.ALL, broken))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.COPY))
        .hasMessageContaining("no room");
    assertThat(entries(freeze().file())).containsKey("srv/ballast");
    sh("rm /srv/ballast");
  }

  /** A process of its own that holds a freeze, and is killed in its middle. */
  @Test
  void aHostProcessThatIsKilledInTheMiddleLeavesNothingBehind() throws Exception {
    sh("dd if=/dev/urandom of=/srv/ballast bs=1M count=8 status=none");
    var command =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(),
            "-cp",
            System.getProperty("java.class.path"),
            FreezeHolder.class.getName(),
            machine.name());
    command.environment().clear();
    command.environment().putAll(Lab.environment());
    command.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = command.start();
    try {
      assertThat(process.getInputStream().read()).isEqualTo('+');
      sh("ls /dev/dm-* | wc -l | grep -qx 3");
    } finally {
      process.destroyForcibly().onExit().join();
    }
    // The guest notices a quarter of a second later; until then it says that a freeze goes on.
    sh("until [ $(ls /dev/dm-* | wc -l) = 1 ]; do sleep 0.1; done");
    assertThat(entries(freeze().file())).containsKey("srv/ballast");
    sh("rm /srv/ballast");
  }

  @Test
  void whatIsWrittenBeyondThePlaceForItFailsTheFreezeAndNothingElse() throws Exception {
    sh("dd if=/dev/urandom of=/srv/ballast bs=1M count=4 status=none");
    Held held = new Held();
    var freeze = freezing(held);
    held.began.await();
    sh("dd if=/dev/zero of=/srv/flood bs=1M count=400 conv=fsync status=none");
    sh("dmesg | grep -q 'Invalidating snapshot'");
    held.goOn.countDown();
    assertThatThrownBy(freeze::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .hasMessageContaining("the place for it is full; freeze it again when it writes less");
    assertThat(sh("stat -c %s /srv/flood").strip()).isEqualTo("419430400");
    sh("rm /srv/flood");
    assertThat(entries(freeze().file())).containsKey("srv/ballast").doesNotContainKey("srv/flood");
    sh("rm /srv/ballast");
  }

  @Test
  void whatAFreezeKeptAsideIsGivenBackToTheHost() throws Exception {
    sh("dd if=/dev/urandom of=/srv/ballast bs=1M count=4 conv=fsync status=none");
    Held held = new Held();
    var freeze = freezing(held);
    held.began.await();
    sh("dd if=/dev/urandom of=/srv/other bs=1M count=40 conv=fsync status=none && rm /srv/other");
    held.goOn.countDown();
    freeze.get();
    Path disk = machine.directory().resolve("vm/overlay.img");
    sh("sync");
    assertThat(blocksBehindTheFileSystem(disk)).isLessThan(1 << 20);
    sh("rm /srv/ballast");
  }

  /** How much of the disk's file there is where freezes keep things. */
  private static long blocksBehindTheFileSystem(Path disk) throws Exception {
    String script =
        "import os,sys\n"
            + "f=os.open(sys.argv[1],os.O_RDONLY); at=1<<30; used=0\n"
            + "while True:\n"
            + "  try: data=os.lseek(f,at,os.SEEK_DATA)\n"
            + "  except OSError: break\n"
            + "  at=os.lseek(f,data,os.SEEK_HOLE); used+=at-data\n"
            + "print(used)";
    Process process = new ProcessBuilder("python3", "-c", script, disk.toString()).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return Long.parseLong(said.strip());
  }

  @Test
  void aMachineThatIsStoppedMeanwhileEndsTheFreezeAndCanBeFrozenAfterItsNextStart()
      throws Exception {
    sh("dd if=/dev/urandom of=/srv/ballast bs=1M count=4 status=none");
    Held held = new Held();
    var freeze = freezing(held);
    held.began.await();
    assertThat(machine.stop()).isTrue();
    held.goOn.countDown();
    assertThatThrownBy(freeze::get).isInstanceOf(ExecutionException.class);
    machine.start();
    assertThat(entries(freeze().file())).containsKey("srv/ballast");
    sh("rm /srv/ballast");
  }

  @Test
  void whatItCostsFollowsTheChange() throws Exception {
    freeze();
    sh("dd if=/dev/urandom of=/srv/ten bs=1M count=10 status=none");
    assertThat(entries(freeze().file())).containsKey("srv/ten");
    sh("dd if=/dev/urandom of=/srv/more bs=1M count=190 status=none");
    assertThat(Files.size(freeze().file())).isBetween(200L << 20, 260L << 20);
    sh("rm /srv/ten /srv/more");
  }
}
