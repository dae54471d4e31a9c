package dev.carafe.egress.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretSourcesTest {
  @TempDir Path directory;
  private final List<String> warnings = new ArrayList<>();

  private SecretSources sources(Map<String, String> env) {
    Map<String, String> all = new LinkedHashMap<>(env);
    all.putIfAbsent("PATH", directory + ":/usr/bin:/bin");
    return SecretSources.of(all, warnings::add);
  }

  private String value(SecretReference reference) throws SecretException {
    return new String(
        sources(Map.of("TOKEN", "from-the-env")).resolve(reference).bytes(),
        StandardCharsets.UTF_8);
  }

  private static SecretReference command(String... words) {
    return new SecretReference.Command(List.of(words));
  }

  private Path file(String content, String mode) throws IOException {
    Path file = directory.resolve("secret");
    Files.writeString(file, content);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file;
  }

  private Path program(String name, String script) throws IOException {
    Path program = directory.resolve(name);
    Files.writeString(program, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return program;
  }

  @Test
  void aVariableIsLookedUp() throws Exception {
    assertThat(value(new SecretReference.Variable("TOKEN"))).isEqualTo("from-the-env");
    assertThatThrownBy(() -> value(new SecretReference.Variable("OTHER")))
        .isInstanceOf(SecretException.class)
        .hasMessage("the environment variable OTHER is not set");
  }

  @Test
  void aFileIsReadWithoutTheLineFeedAtItsEnd() throws Exception {
    assertThat(value(new SecretReference.File(file(" from-a-file\r\n", "rw-------"))))
        .isEqualTo("from-a-file");
    assertThat(warnings).isEmpty();
  }

  @Test
  void aFileThatOthersCanReadIsUsedWithAWarning() throws Exception {
    value(new SecretReference.File(file("from-a-file", "rw-r-----")));
    value(new SecretReference.File(file("from-a-file", "rw----r--")));
    assertThat(warnings)
        .containsExactly(
            "the secret file " + directory + "/secret can be read by its group: chmod 600 it",
            "the secret file " + directory + "/secret can be read by everybody: chmod 600 it");
  }

  private SecretReference field(String content, String... keys) throws IOException {
    return new SecretReference.Field(file(content, "rw-------"), List.of(keys));
  }

  @Test
  void aFieldOfAJsonFileIsFoundByItsKeys() throws Exception {
    String json =
        "{\"token\":\"not-this-one\",\"list\":[{\"a\":{\"token\":\"nor-this\"}}],"
            + "\"a\":{\"n\":1,\"token\":\"from-the-field\"}}";
    assertThat(value(field(json, "a", "token"))).isEqualTo("from-the-field");
    assertThat(value(field("{\"id\":123456789}", "id"))).isEqualTo("123456789");
    assertThat(field(json, "a", "token").name())
        .isEqualTo("the field a.token of the file " + directory + "/secret");
  }

  @Test
  void aFieldIsReadAnewWheneverItIsAskedFor() throws Exception {
    SecretReference field = field("{\"a\":\"the-first-one\"}", "a");
    assertThat(value(field)).isEqualTo("the-first-one");
    field("{\"a\":\"the-second-one\"}", "a");
    assertThat(value(field)).isEqualTo("the-second-one");
  }

  @Test
  void aFieldThatIsNotThereIsSaidWithoutTheFile() throws Exception {
    for (String json :
        new String[] {
          "{}",
          "[\"from-the-field\"]",
          "\"from-the-field\"",
          "",
          "{\"a\":{\"b\":\"from-the-field\"}}",
          "{\"a\":null}",
          "{\"a\":true}"
        }) {
      assertThatThrownBy(() -> value(field(json, "a")))
          .as(json)
          .isInstanceOf(SecretException.class)
          .hasMessage("the field a of the file " + directory + "/secret is not there");
    }
    assertThatThrownBy(() -> value(field("{\"b\":\"from-the-field\" oops", "a")))
        .isInstanceOf(SecretException.class)
        .hasMessage("the file " + directory + "/secret is not JSON that can be read");
    assertThatThrownBy(() -> value(field(" ".repeat(CredentialFile.MOST_BYTES + 1), "a")))
        .hasMessage("the file " + directory + "/secret is longer than 1 MiB");
    assertThatThrownBy(() -> value(field("{\"a\":".repeat(2000), "b")))
        .isInstanceOf(SecretException.class);
  }

  @Test
  void whatIsNoFileIsSaid() {
    assertThatThrownBy(() -> value(new SecretReference.File(directory.resolve("none"))))
        .hasMessage("the file " + directory + "/none does not exist");
    assertThatThrownBy(() -> value(new SecretReference.File(directory)))
        .hasMessage("the file " + directory + " is not a file");
  }

  @Test
  void aFileOfManyLinesIsNoSecret() throws Exception {
    Path file = file("hunter2-line-1\nhunter2-line-2\n", "rw-------");
    assertThatThrownBy(() -> value(new SecretReference.File(file)))
        .hasMessageStartingWith("the file " + file + " has more than one line")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void aCommandIsRunWithoutAShellAndItsOutputIsTrimmed() throws Exception {
    assertThat(value(command("printf", "%s\n\n", "$HOME;`id`"))).isEqualTo("$HOME;`id`");
  }

  @Test
  void aCommandThatFailsIsSaidWithoutItsWords() throws Exception {
    Path program = program("fails", "echo hunter2-out; echo hunter2-err >&2; exit 3");
    assertThatThrownBy(() -> value(command(program.toString(), "hunter2-argument")))
        .hasMessageContaining("ended with exit code 3; run it by hand to see why")
        .hasMessageNotContaining("hunter2");
    assertThatThrownBy(() -> value(command("no-such-program")))
        .hasMessageContaining("there is no such program on PATH");
    assertThatThrownBy(() -> value(command("true"))).hasMessageEndingWith(" is empty");
    assertThatThrownBy(() -> value(command("head", "-c", "70000", "/dev/zero")))
        .hasMessageContaining("longer than 65536 bytes");
  }

  @Test
  void aCommandThatDoesNotEndIsKilledWithAllThatItStarted() throws Exception {
    Path pids = directory.resolve("pids");
    Path program = program("hangs", "sleep 1000 & echo $! $$ >" + pids + "; cat; wait");
    SecretSources sources =
        SecretSources.of(Map.of("PATH", "/usr/bin:/bin"), warnings::add, Duration.ofMillis(500));
    assertThatThrownBy(() -> sources.resolve(command(program.toString())))
        .hasMessageContaining("did not end within 500 ms");
    for (String pid : Files.readString(pids).strip().split(" ")) {
      ProcessHandle.of(Long.parseLong(pid)).ifPresent(process -> process.onExit().join());
    }
  }

  @Test
  void theKeyringIsAskedThroughSecretTool() throws Exception {
    program(
        "secret-tool", "[ \"$*\" = 'lookup service github account me' ] && echo from-the-keyring");
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("service", "github");
    attributes.put("account", "me");
    assertThat(value(new SecretReference.Keyring(attributes))).isEqualTo("from-the-keyring");
    assertThatThrownBy(() -> value(new SecretReference.Keyring(Map.of("service", "gitlab"))))
        .hasMessageStartingWith("the keyring entry service=gitlab cannot be had");
  }

  @Test
  void withoutSecretToolTheSentenceSaysWhatToInstall() {
    SecretSources sources = SecretSources.of(Map.of("PATH", directory.toString()), warnings::add);
    assertThatThrownBy(() -> sources.resolve(new SecretReference.Keyring(Map.of("service", "x"))))
        .hasMessageContaining("libsecret-tools");
  }
}
