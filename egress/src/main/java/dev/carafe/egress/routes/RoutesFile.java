package dev.carafe.egress.routes;

import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.YamlReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a routes file: its form by {@link RoutesShape}, its sense here, its secrets last. */
final class RoutesFile {
  private static final int MOST_CA_BYTES = 1024 * 1024;

  private final Path file;
  private final SecretSources sources;
  private final Problems problems = new Problems();

  private RoutesFile(Path file, SecretSources sources) {
    this.file = file;
    this.sources = sources;
  }

  static Routes read(Path file, SecretSources sources) throws RoutesException {
    return parse(file, bytes(file), sources);
  }

  /** The file's bytes; one more than is allowed, if there are more. */
  static byte[] bytes(Path file) throws RoutesException {
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw RoutesException.unreadable(file, "this is not a file");
      }
      try (InputStream in = Files.newInputStream(file)) {
        return in.readNBytes(RoutesShape.MOST_BYTES + 1);
      }
    } catch (NoSuchFileException e) {
      throw RoutesException.unreadable(file, "there is no such file");
    } catch (IOException e) {
      throw RoutesException.unreadable(file, "the file cannot be read: " + e.getMessage());
    }
  }

  static Routes parse(Path file, byte[] bytes, SecretSources sources) throws RoutesException {
    return new RoutesFile(file, sources).parse(bytes);
  }

  /**
   * What a file's bytes declare; no secret is fetched, and no other file opened.
   *
   * @return empty when it is not even YAML with keys; the problems say why, and what else is wrong
   */
  static Optional<DeclaredRoutes> declared(
      Path file, byte[] bytes, Map<String, String> env, Problems problems) {
    return fields(bytes, problems).map(top -> declared(file, top, env, problems));
  }

  private static Optional<Fields> fields(byte[] bytes, Problems problems) {
    Optional<Node> root = YamlReader.read(bytes, RoutesShape.MOST_BYTES, problems);
    root.ifPresent(node -> RoutesShape.FILE.check(node, "a routes file", problems));
    return root.filter(Fields.class::isInstance).map(Fields.class::cast);
  }

  private static DeclaredRoutes declared(
      Path file, Fields top, Map<String, String> env, Problems problems) {
    RouteDeclarations reader = new RouteDeclarations(file, env, problems);
    return new DeclaredRoutes(
        reader.routes(top.items("routes")),
        reader.allow(top.items("allow")),
        reader.authorities(top.value("ca")),
        top.whole("log").map(Long::intValue));
  }

  private Routes parse(byte[] bytes) throws RoutesException {
    Fields top =
        fields(bytes, problems).orElseThrow(() -> new RoutesException(file, problems.all()));
    DeclaredRoutes declared = declared(file, top, sources.env(), problems);
    List<X509Certificate> authorities = new ArrayList<>();
    for (Path each : declared.authorities()) {
      authorities.addAll(authorities(each, top.at("ca")));
    }
    AuthFetcher credentials = new AuthFetcher(sources, problems, SecretSources.LIMIT_OF_ALL);
    // Programs are run and files are read only for a file that is right otherwise.
    List<Route> routes = new ArrayList<>();
    if (problems.none()) {
      for (DeclaredRoute each : declared.routes()) {
        routes.add(each.with(each.auth().flatMap(credentials::fetch)));
      }
    }
    if (!problems.none()) {
      credentials.secrets().forEach(Secret::clear);
      throw new RoutesException(file, problems.all());
    }
    return new Routes(
        routes,
        credentials.secrets(),
        declared.allow(),
        authorities,
        declared.log(),
        digest(bytes));
  }

  private List<X509Certificate> authorities(Path path, Position at) {
    List<X509Certificate> certificates = new ArrayList<>();
    // A pipe would be waited for.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      problems.add(at, path + " is not a file");
      return certificates;
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] pem = in.readNBytes(MOST_CA_BYTES);
      for (var each :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem))) {
        certificates.add((X509Certificate) each);
      }
      if (certificates.isEmpty()) {
        problems.add(at, "there is no certificate in " + path);
      }
    } catch (CertificateException e) {
      problems.add(at, "there are no certificates in PEM form in " + path);
    } catch (NoSuchFileException e) {
      problems.add(at, "there is no file " + path);
    } catch (IOException e) {
      problems.add(at, "the file " + path + " cannot be read");
    }
    return certificates;
  }

  static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
