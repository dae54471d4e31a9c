package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
  @ParameterizedTest
  @CsvSource({
    "30s, PT30S",
    "5m, PT5M",
    "1h30m, PT1H30M",
    "1500ms, PT1.5S",
    "1h 30m, PT1H30M",
    "2days, PT48H",
    "1us, PT0.001S",
    "90sec, PT1M30S"
  })
  void readsTimesAsHumantimeDoes(String text, Duration expected) {
    assertThat(Values.duration("--timeout", text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "0",
        "0s",
        "5",
        "s",
        "5x",
        "-5s",
        "1.5s",
        "5s5",
        "99999999999999999999s",
        "9999999999999w",
        "1h30"
      })
  void refusesWhatIsNoTimeOrNone(String text) {
    assertThatThrownBy(() -> Values.duration("--timeout", text))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--timeout");
  }

  @ParameterizedTest
  @CsvSource({"644, 420", "0644, 420", "4755, 2541", "7777, 4095", "0, 0"})
  void readsModesInOctal(String text, int expected) {
    assertThat(Values.mode("--mode", text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "8", "17777", "rwx", "-1", "0x1", "000644"})
  void refusesWhatIsNoMode(String text) {
    assertThatThrownBy(() -> Values.mode("--mode", text)).isInstanceOf(UsageException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-1", "+1", "1.0", " 1", "0", "17", "99999999999", "٣"})
  void refusesWhatIsNoNumberInTheRange(String text) {
    assertThatThrownBy(() -> Values.number("--cpus", text, 1, 16))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("for --cpus: it is a whole number from 1 to 16");
  }

  @Test
  void aVariableWithoutAValueIsOurs() {
    Caller caller = Caller.carafe();
    caller.env.put("OURS", "host=value");
    Context context = context(caller);
    assertThat(Values.environment(List.of("A=1", "OURS", "MISSING", "B=", "A=2"), context))
        .isEqualTo(Map.of("A", "2", "OURS", "host=value", "B", ""));
  }

  @Test
  void aVariableWithoutANameIsDroppedUnderTheNameSmolvmAndElseRefusedWithoutItsValue() {
    assertThat(Values.environment(List.of("=secret", ""), context(Caller.smolvm()))).isEmpty();
    assertThatThrownBy(() -> Values.environment(List.of("=secret"), context(Caller.carafe())))
        .isInstanceOf(UsageException.class)
        .hasMessageNotContaining("secret");
  }

  private static Context context(Caller caller) {
    return new Context(
        Program.of(caller.program, Map.of()), null, null, null, caller.env, caller.rooms);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.0 kB",
    "12345678, 12.3 MB",
    "999949, 999.9 kB",
    "999950, 1.0 MB",
    "5000000000, 5.0 GB",
    "9223372036854775, 9223.4 TB"
  })
  void showsBytesInDecimalUnits(long bytes, String expected) {
    assertThat(Text.bytes(bytes)).isEqualTo(expected);
  }
}
