package dev.carafe.egress.routes;

import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problem;
import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.YamlText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes routes files. What is written, {@link Routes#load} reads as the same routes: it is read
 * back before it becomes a file, and what would not come back is refused. It says where secrets
 * come from, and never holds one.
 */
public final class RoutesWriter {
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private RoutesWriter() {}

  /**
   * Writes a file for its owner only, or replaces one at once: who reads it at that moment finds
   * the old one or the new one. Blocks until it is on the disk.
   *
   * @param file its directory must exist
   * @throws RoutesException when no routes file can say this: what is too much for one, or what a
   *     file may not say; nothing was written
   * @throws IOException when the file cannot be written; what was there before is there still
   */
  public static void write(Path file, DeclaredRoutes routes) throws RoutesException, IOException {
    byte[] bytes = text(file, routes).getBytes(StandardCharsets.UTF_8);
    Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    Path beside = Files.createTempFile(directory, ".routes-", ".tmp", PRIVATE);
    try {
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        for (ByteBuffer left = ByteBuffer.wrap(bytes); left.hasRemaining(); ) {
          channel.write(left);
        }
        channel.force(true);
      }
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /**
   * The content of the file that {@link #write} would write.
   *
   * @param file only named in what is said of mistakes
   * @throws RoutesException when no routes file can say this
   */
  public static String text(Path file, DeclaredRoutes routes) throws RoutesException {
    Map<String, Object> top = new LinkedHashMap<>();
    top.put("version", 1);
    routes.log().ifPresent(log -> top.put("log", log));
    if (!routes.allow().isEmpty()) {
      top.put("allow", routes.allow().stream().map(Cidr::toString).toList());
    }
    if (!routes.authorities().isEmpty()) {
      top.put("ca", routes.authorities().stream().map(Path::toString).toList());
    }
    top.put("routes", routes.routes().stream().map(RoutesWriter::route).toList());
    String text = YamlText.of(top);
    readBack(file, routes, text);
    return text;
  }

  /** What a file says by accident would be policy that nobody has declared. */
  private static void readBack(Path file, DeclaredRoutes routes, String text)
      throws RoutesException {
    Problems problems = new Problems();
    // Without HOME: all paths are whole already.
    Optional<DeclaredRoutes> read =
        RoutesFile.declared(
            file.toAbsolutePath(), text.getBytes(StandardCharsets.UTF_8), Map.of(), problems);
    if (problems.none() && read.isPresent() && read.get().sameAs(routes)) {
      return;
    }
    String why =
        problems.all().stream()
            .findFirst()
            .map(Problem::sentence)
            .orElse("something in them would not be read as it was declared");
    throw new RoutesException(
        file,
        List.of(
            new Problem(
                Position.NOWHERE, "these routes cannot be written into one routes file: " + why)));
  }

  private static Map<String, Object> route(DeclaredRoute declared) {
    Route route = declared.route();
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("host", route.host().text());
    if (route.port() != 0) {
      keys.put("port", route.port());
    }
    if (!route.matches().isEmpty()) {
      keys.put("matches", route.matches().stream().map(RoutesWriter::match).toList());
    }
    declared.auth().ifPresent(auth -> keys.put("auth", auth(auth, route.cleartext())));
    if (route.git()) {
      keys.put("git", "fetch");
    }
    if (route.passThrough()) {
      keys.put("tls", "pass");
    } else {
      dlp(route, keys);
    }
    return keys;
  }

  private static void dlp(Route route, Map<String, Object> keys) {
    Map<String, Object> dlp = new LinkedHashMap<>();
    if (route.outbound() != OnMatch.BLOCK) {
      dlp.put("outbound", word(route.outbound()));
    }
    if (route.inbound().onMatch() != OnMatch.OFF) {
      dlp.put("inbound", word(route.inbound().onMatch()));
    }
    if (route.entropy()) {
      dlp.put("entropy", true);
    }
    if (!dlp.isEmpty()) {
      keys.put("dlp", dlp);
    }
  }

  private static String word(OnMatch onMatch) {
    return switch (onMatch) {
      case BLOCK -> "block";
      case REDACT -> "redact";
      case OFF -> "off";
    };
  }

  private static Map<String, Object> match(Match match) {
    Map<String, Object> keys = new LinkedHashMap<>();
    match
        .path()
        .ifPresent(
            path ->
                keys.put(
                    "path",
                    switch (path) {
                      case PathMatch.Exact exact -> typed("Exact", exact.value());
                      case PathMatch.Prefix prefix -> typed("PathPrefix", prefix.value());
                      case PathMatch.Expression expression ->
                          typed("RegularExpression", expression.pattern().pattern());
                    }));
    match.method().ifPresent(method -> keys.put("method", method));
    if (!match.headers().isEmpty()) {
      keys.put("headers", match.headers().stream().map(RoutesWriter::header).toList());
    }
    return keys;
  }

  private static Map<String, Object> typed(String type, String value) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("type", type);
    keys.put("value", value);
    return keys;
  }

  private static Map<String, Object> header(HeaderMatch header) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("name", header.name());
    keys.putAll(
        switch (header.condition()) {
          case HeaderMatch.Exact exact -> typed("Exact", exact.value());
          case HeaderMatch.Expression expression ->
              typed("RegularExpression", expression.pattern().pattern());
        });
    return keys;
  }

  private static Map<String, Object> auth(DeclaredAuth auth, boolean cleartext) {
    Map<String, Object> keys = new LinkedHashMap<>();
    switch (auth.prefix()) {
      case "Bearer " -> keys.put("scheme", "bearer");
      case "token " -> keys.put("scheme", "token");
      case "Basic " -> keys.put("scheme", "basic");
      default -> keys.put("header", auth.header());
    }
    if (cleartext) {
      keys.put("cleartext", true);
    }
    keys.put("token", reference(auth.reference()));
    return keys;
  }

  private static Map<String, Object> reference(SecretReference reference) {
    return switch (reference) {
      case SecretReference.Variable variable -> Map.of("env", variable.variable());
      case SecretReference.File file -> Map.of("file", file.path().toString());
      case SecretReference.Field field -> {
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("file", field.path().toString());
        keys.put("field", String.join(".", field.keys()));
        yield keys;
      }
      case SecretReference.Command command -> Map.of("command", command.words());
      case SecretReference.Keyring keyring -> Map.of("keyring", keyring.attributes());
    };
  }
}
