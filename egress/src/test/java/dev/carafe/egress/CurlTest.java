package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client that everybody has. Its TLS is OpenSSL's, which takes name constraints seriously. */
class CurlTest {
  private static String curl(Lab lab, Egress egress, Path directory, String... arguments)
      throws Exception {
    Path authority = Files.writeString(directory.resolve("ca.pem"), egress.certificate());
    List<String> command =
        new ArrayList<>(
            List.of(
                "curl",
                "--silent",
                "--show-error",
                "--max-time",
                "30",
                "--proxy",
                "http://127.0.0.1:" + Lab.address(egress).getPort(),
                "--cacert",
                authority.toString(),
                "--write-out",
                "\n%{http_code} %{http_version}"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return output;
  }

  @Test
  void itGetsItsAnswersInBothVersions(@TempDir Path directory) throws Exception {
    try (Lab lab = new Lab()) {
      TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
      Egress egress = lab.start(Lab.signed("api.test", server.port()));
      String url = "https://api.test:" + server.port() + "/mirror";
      assertThat(curl(lab, egress, directory, "--http2", "--data", "hello", url))
          .startsWith("POST /mirror\n")
          .contains("authorization: Bearer ***")
          .endsWith("hello\n200 2");
      assertThat(curl(lab, egress, directory, "--http1.1", "--data", "hello", url))
          .endsWith("hello\n200 1.1");
      assertThat(curl(lab, egress, directory, "https://other.test/")).contains("403");
      assertThat(curl(lab, egress, directory, "--verbose", "https://other.test/"))
          .contains("HTTP/1.1 403 egress: no route to other.test");
      assertThat(curl(lab, egress, directory, "http://other.test/"))
          .isEqualTo("egress: no route to other.test\n\n403 1.1");
    }
  }

  @Test
  void anUploadThatAsksFirstGoesThrough(@TempDir Path directory) throws Exception {
    try (Lab lab = new Lab()) {
      TestServer server = lab.oldServer("api.test").on("/count", Behaviours::count);
      Egress egress = lab.start(Lab.open("api.test", server.port()));
      Path file = Files.write(directory.resolve("large"), new byte[5_000_000]);
      String url = "https://api.test:" + server.port() + "/count";
      assertThat(
              curl(
                  lab,
                  egress,
                  directory,
                  "--http1.1",
                  "--header",
                  "Expect: 100-continue",
                  "--upload-file",
                  file.toString(),
                  url))
          .isEqualTo("5000000\n200 1.1");
    }
  }
}
