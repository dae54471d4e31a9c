package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What servers are known to understand differently is not compared with a rule. */
class PathsTest {
  @ParameterizedTest
  @CsvSource({
    "/a/../b, a dot segment",
    "/a/%2e%2e/b, a dot segment",
    "/a/%2E./b, a dot segment",
    "/a/..;x=y/b, a dot segment",
    "/a/./b, a dot segment",
    "//a, an empty segment",
    "/a//b, an empty segment",
    "/a%2fb, hides a slash",
    "/a%5Cb, hides a slash",
    "/a\\b, a backslash",
    "/a/%252e%252e/b, encoded twice",
    "/a/%c0%ae%c0%ae/b, no UTF-8",
    "/a%c0%afb, no UTF-8",
    "/a%e0%80%afb, no UTF-8",
    "/a%ed%a0%80b, no UTF-8",
    "/a%e4, no UTF-8"
  })
  void whatCouldBeAnotherPathIsNotCompared(String path, String why) {
    assertThatThrownBy(() -> Paths.normal(path))
        .isInstanceOfSatisfying(Refused.class, e -> assertThat(e.reason()).contains(why));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a%00", "/a%0d%0ab", "/a%7f", "/a b", "a", "/a#b", "/a\u0001"})
  void whatIsNoPathIsNotSent(String target) {
    assertThatThrownBy(() -> Paths.check(target)).isInstanceOf(Refused.class);
  }

  @Test
  void harmlessEscapesAreUndone() throws Refused {
    assertThat(Paths.normal("/%61/%7eb/%c3%a4/")).isEqualTo("/a/~b/%C3%A4/");
  }
}
