package dev.carafe.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryNameTest {
  @Test
  void partsAreTold() {
    RegistryName name = RegistryName.parse("localhost:5000/x/y:tag");
    assertThat(name.host()).isEqualTo("localhost:5000");
    assertThat(name.repository()).isEqualTo("x/y");
    assertThat(name.qualifier()).isEqualTo("tag");
    assertThat(RegistryName.parse("debian:12").repository()).isEqualTo("library/debian");
    String digest = "sha256:" + "0".repeat(64);
    assertThat(RegistryName.parse("a.example/x:tag@" + digest).qualifier()).isEqualTo(digest);
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3"})
  void onlyThisHostIsLoopback(String host) {
    assertThat(new RegistryName(host, "x", "1", "").isLoopback()).isTrue();
    assertThat(new RegistryName(host + ".example", "x", "1", "").isLoopback()).isFalse();
    assertThat(new RegistryName("x" + host, "x", "1", "").isLoopback()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Upper", "a b", "x@sha256:short", "../x", "http://a.example/x", "-x"})
  void whatIsNoReferenceIsRefusedWithExamples(String text) {
    assertThatThrownBy(() -> RegistryName.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not an image reference");
  }

  @Test
  void challengesAreReadWithQuotesAndCommas() {
    Challenge challenge =
        Challenge.of(
                List.of(
                    "Basic realm=\"x\"",
                    "Bearer realm=\"https://a.example/t?x=1,2\", service=\"a \\\"b\\\"\",scope=p"))
            .orElseThrow();
    assertThat(challenge.scheme()).isEqualTo("bearer");
    assertThat(challenge.parameters())
        .isEqualTo(
            Map.of("realm", "https://a.example/t?x=1,2", "service", "a \"b\"", "scope", "p"));
    assertThat(Challenge.of(List.of("Negotiate"))).isEmpty();
  }
}
