package dev.carafe.image.tar;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The records of a pax extended header: {@code LENGTH KEY=VALUE\n}, the length counting all of it.
 */
final class PaxRecords {
  private PaxRecords() {}

  static Map<String, String> parse(byte[] bytes) throws BadArchiveException {
    Map<String, String> records = new HashMap<>();
    StringBuilder sparseMap = new StringBuilder();
    int at = 0;
    while (at < bytes.length) {
      int space = at;
      int length = 0;
      while (space < bytes.length && bytes[space] >= '0' && bytes[space] <= '9') {
        length = length * 10 + bytes[space++] - '0';
        if (length > bytes.length - at) {
          throw damaged();
        }
      }
      int end = at + length;
      if (space == at || space >= bytes.length || bytes[space] != ' ' || end <= space + 1) {
        throw damaged();
      }
      if (bytes[end - 1] != '\n') {
        throw damaged();
      }
      String record =
          new String(bytes, space + 1, end - 1 - (space + 1), StandardCharsets.ISO_8859_1);
      int equals = record.indexOf('=');
      if (equals < 1) {
        throw damaged();
      }
      String key = record.substring(0, equals);
      String value = record.substring(equals + 1);
      // The first sparse format has the map as repeated records, whose order matters.
      if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
        sparseMap.append(sparseMap.isEmpty() ? "" : ",").append(value);
      } else if (value.isEmpty() && !key.startsWith("SCHILY.xattr.")) {
        records.remove(key); // an empty value takes an earlier one back
      } else {
        records.put(key, value);
      }
      at = end;
    }
    if (!sparseMap.isEmpty()) {
      records.put("GNU.sparse.map", sparseMap.toString());
    }
    return records;
  }

  static long decimal(String text) throws BadArchiveException {
    if (text.isEmpty() || text.length() > 19) {
      throw new BadArchiveException("an extended header has a number that is out of range");
    }
    try {
      long value = Long.parseLong(text);
      if (value < 0) {
        throw new BadArchiveException("an extended header has a negative number");
      }
      return value;
    } catch (NumberFormatException e) {
      throw new BadArchiveException("an extended header has a number that is none", e);
    }
  }

  private static BadArchiveException damaged() {
    return new BadArchiveException("an extended header is damaged");
  }
}
