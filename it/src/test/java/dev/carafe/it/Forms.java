package dev.carafe.it;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;

/**
 * The ways in which a secret may be written. Each half of it counts, because what is in one piece
 * for a program may lie on two pages of memory that are far apart.
 */
final class Forms {
  private static final String BASE64 =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  private static final String HEX = "0123456789abcdef";

  private final Map<String, List<byte[]>> forms = new LinkedHashMap<>();

  private Forms() {}

  /**
   * What to look for, by the name of the form.
   *
   * @param secret of ASCII characters, at least 24
   */
  static Map<String, List<byte[]>> of(String secret) {
    var forms = new Forms();
    String url = BASE64.replace('+', '-').replace('/', '_');
    for (String half :
        List.of(secret.substring(0, secret.length() / 2), secret.substring(secret.length() / 2))) {
      byte[] bytes = ascii(half);
      forms.add("as it is", bytes);
      forms.add("reversed", ascii(new StringBuilder(half).reverse().toString()));
      for (Charset wide : List.of(StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
        forms.add("UTF-16", half.getBytes(wide));
      }
      forms.digits("hexadecimal", bytes, 4, HEX);
      forms.digits("hexadecimal", bytes, 4, HEX.toUpperCase(java.util.Locale.ROOT));
      forms.digits("base64", bytes, 6, BASE64);
      forms.digits("base64", bytes, 6, url);
      forms.digits("base32", bytes, 5, BASE32);
      forms.digits("base32", bytes, 5, BASE32.toLowerCase(java.util.Locale.ROOT));
      forms.percent(bytes);
    }
    // The bits of a half depend on the other one here.
    byte[] packed = deflated(ascii(secret));
    forms.add("gzip", packed);
    forms.digits("gzip in base64", packed, 6, BASE64);
    forms.digits("gzip in base64", packed, 6, url);
    return forms.forms;
  }

  private void add(String form, byte[] bytes) {
    forms.computeIfAbsent(form, name -> new java.util.ArrayList<>()).add(bytes);
  }

  /** In digits of so many bits, wherever among them it begins; those that it fills alone. */
  private void digits(String form, byte[] bytes, int bits, String alphabet) {
    for (int before = 0; before < bits && before * 8 % bits != 0 || before == 0; before++) {
      int from = Math.ceilDiv(8 * before, bits);
      int to = 8 * (before + bytes.length) / bits;
      var text = new StringBuilder();
      for (int digit = from; digit < to; digit++) {
        int value = 0;
        for (int bit = digit * bits; bit < (digit + 1) * bits; bit++) {
          int at = bit - 8 * before;
          value = value << 1 | (bytes[at / 8] >> (7 - at % 8) & 1);
        }
        text.append(alphabet.charAt(value));
      }
      add(form, ascii(text.toString()));
    }
  }

  private void percent(byte[] bytes) {
    var upper = new StringBuilder();
    for (byte each : bytes) {
      upper.append('%').append(String.format("%02X", each));
    }
    add("percent", ascii(upper.toString()));
    add("percent", ascii(upper.toString().toLowerCase(java.util.Locale.ROOT)));
  }

  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(bytes);
    deflater.finish();
    var out = new ByteArrayOutputStream();
    byte[] piece = new byte[256];
    while (!deflater.finished()) {
      out.write(piece, 0, deflater.deflate(piece));
    }
    deflater.end();
    return out.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
