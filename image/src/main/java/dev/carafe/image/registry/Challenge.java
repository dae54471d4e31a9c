package dev.carafe.image.registry;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a registry wants to see before it answers: the {@code WWW-Authenticate} header (RFC 9110,
 * 11.6.1).
 *
 * @param scheme in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int MOST_CHARACTERS = 8_192;
  private static final Pattern PARAMETER =
      Pattern.compile("([A-Za-z_]+)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^,\\s\"]+))");

  /** The first challenge that can be met, Bearer before Basic. */
  static Optional<Challenge> of(List<String> headers) {
    Optional<Challenge> basic = Optional.empty();
    for (String header : headers) {
      if (header.length() > MOST_CHARACTERS) {
        continue;
      }
      String text = header.strip();
      int space = text.indexOf(' ');
      String scheme = (space < 0 ? text : text.substring(0, space)).toLowerCase(Locale.ROOT);
      if (scheme.equals("bearer")) {
        return Optional.of(new Challenge(scheme, parameters(text.substring(space + 1))));
      }
      if (scheme.equals("basic")) {
        basic = Optional.of(new Challenge(scheme, Map.of()));
      }
    }
    return basic;
  }

  private static Map<String, String> parameters(String text) {
    Map<String, String> parameters = new HashMap<>();
    Matcher matcher = PARAMETER.matcher(text);
    while (matcher.find()) {
      String value =
          matcher.group(3) != null
              ? matcher.group(3)
              : matcher.group(2).replaceAll("\\\\(.)", "$1");
      parameters.putIfAbsent(matcher.group(1).toLowerCase(Locale.ROOT), value);
    }
    return parameters;
  }
}
