package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A record that was damaged is refused as a whole, by name, whatever is in it. */
class RecordFileTest {
  @TempDir private Path home;
  private Path file;
  private Path run;
  private final MachineRecord record =
      new MachineRecord(
          MachineSpec.named("work"),
          "0123456789abcdef",
          Instant.ofEpochSecond(1_800_000_000),
          Optional.of("sha256:" + "ab".repeat(32)),
          true,
          Optional.empty(),
          Optional.empty());

  @BeforeEach
  void write() throws IOException {
    Path machine = Files.createDirectory(home.resolve("work"));
    file = machine.resolve("machine.json");
    run = machine.resolve("run.json");
    RecordFile.write(record, file, false);
  }

  private void change(String regex, String replacement) throws IOException {
    String text = Files.readString(file);
    String changed = text.replaceFirst(regex, replacement);
    assertThat(changed).isNotEqualTo(text);
    Files.writeString(file, changed);
  }

  private void isRefused() {
    assertThatThrownBy(() -> RecordFile.read(file))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("delete the machine by its name");
  }

  @Test
  void whatWasWrittenIsRead() {
    assertThat(RecordFile.read(file)).contains(record);
  }

  @Test
  void aNetworkIsRead() throws IOException {
    Network network =
        Network.of(
                List.of(Cidr.parse("10.0.0.0/8"), Cidr.parse("fd00::/8")), List.of("example.org"))
            .withPorts(List.of(new PublishedPort(8080, 80)));
    var changed = record.withSpec(record.spec().toBuilder().network(network).build());
    RecordFile.write(changed, file, false);
    assertThat(RecordFile.read(file)).contains(changed);
    change("\"network\":\"listed\"", "\"network\":\"all\"");
    isRefused();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"open\"", "\"none\"", "7"})
  void aNetworkThatContradictsItselfIsRefusedAndNotWidened(String reach) throws IOException {
    Network network = Network.of(List.of(), List.of("example.org"));
    RecordFile.write(
        record.withSpec(record.spec().toBuilder().network(network).build()), file, false);
    change("\"network\":\"listed\"", "\"network\":" + reach);
    isRefused();
  }

  @Test
  void aRecordFromBeforeThereWereNetworksHasNone() throws IOException {
    change("\"version\":2", "\"version\":1");
    change(
        "\"network\":\"none\",\"allowCidrs\":\\[\\],\"allowHosts\":\\[\\],\"ports\":\\[\\],", "");
    assertThat(RecordFile.read(file)).contains(record);
  }

  @Test
  void aRecordOfALaterVersionIsRefused() throws IOException {
    change("\"version\":2", "\"version\":3");
    isRefused();
  }

  @Test
  void aNumberThatDoesNotFitIsNotCut() throws IOException {
    change("\"cpus\":\\d+", "\"cpus\":4294967298");
    isRefused();
  }

  @ParameterizedTest
  @ValueSource(strings = {"9223372036854775807", "-1", "99999999999999999999999"})
  void aTimeThatIsNone(String seconds) throws IOException {
    change("\"created\":\\d+", "\"created\":" + seconds);
    isRefused();
  }

  @Test
  void aRecordOfAnotherMachine() throws IOException {
    change("\"name\":\"work\"", "\"name\":\"other\"");
    isRefused();
  }

  @Test
  void aDigestThatIsNone() throws IOException {
    change("sha256:[0-9a-f]+", "../../images");
    isRefused();
  }

  @Test
  void whatCouldNotBeReadIsNotWritten() throws IOException {
    byte[] before = Files.readAllBytes(file);
    var large =
        record.withSpec(
            record.spec().toBuilder().env(java.util.Map.of("LARGE", "x".repeat(5 << 20))).build());
    assertThatThrownBy(() -> RecordFile.write(large, file, false))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
        .hasMessageContaining("put large values into files");
    assertThat(file).hasBinaryContent(before);
  }

  @Test
  void aPipeIsNotWaitedFor() throws Exception {
    Files.delete(file);
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
    isRefused();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/home/me", "0123456789abcdef", "/a\\u0000/0123456789abcdef"})
  void socketsAreNotInAnyDirectoryThatAFileNames(String sockets) throws IOException {
    Files.writeString(run, "{\"pid\":1,\"start\":1,\"sockets\":\"" + sockets + "\"}");
    assertThatThrownBy(() -> RecordFile.readRun(run))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("sockets' directory is malformed");
  }

  @Test
  void aRunThatWasWrittenIsRead() throws IOException {
    var written = new Run(7, 8, Path.of("/run/user/1/carafe/0123456789abcdef"));
    RecordFile.write(written, run);
    assertThat(RecordFile.readRun(run)).contains(written);
  }
}
