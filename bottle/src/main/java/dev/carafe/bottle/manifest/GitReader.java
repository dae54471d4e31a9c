package dev.carafe.bottle.manifest;

import dev.carafe.egress.routes.RouteDeclarations;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads {@code git-gate}, whose form has been checked. */
final class GitReader {
  private static final List<String> HOST_KEYS =
      List.of(
          "ssh-ed25519",
          "ecdsa-sha2-nistp256",
          "ecdsa-sha2-nistp384",
          "ecdsa-sha2-nistp521",
          "ssh-rsa");

  private final Path file;
  private final RouteDeclarations declarations;
  private final Problems problems;

  GitReader(Path file, RouteDeclarations declarations, Problems problems) {
    this.file = file;
    this.declarations = declarations;
    this.problems = problems;
  }

  /** Reads {@code user}; what is not there stays open. */
  static GitUser user(Fields fields, Problems problems) {
    return new GitUser(
        fields.text("name").filter(text -> plain(text, fields.at("name"), problems)),
        fields.text("email").filter(text -> plain(text, fields.at("email"), problems)));
  }

  /** They end up in a file of git's, where a line is an instruction. */
  private static boolean plain(String text, Position at, Problems problems) {
    boolean plain =
        !text.isBlank()
            && text.codePoints()
                .allMatch(
                    c ->
                        !Character.isISOControl(c)
                            && Character.getType(c) != Character.FORMAT
                            && c != '<'
                            && c != '>'
                            && c != '"'
                            && c != '\\');
    if (!plain) {
      problems.add(at, "an author is one line of visible letters, without <, >, \" and \\");
    }
    return plain;
  }

  Map<String, DeclaredRepo> repos(Fields fields) {
    Map<String, DeclaredRepo> repos = new LinkedHashMap<>();
    for (Node.Entry entry : fields.all()) {
      String name = entry.key();
      boolean fits =
          name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
              && !name.contains("..")
              && !name.matches(".*\\.(git|lock)?");
      if (!fits) {
        problems.add(
            entry.at(),
            "a repository's name has letters, digits, '_', '-' and single dots, begins with none of"
                + " the last two, and does not end with .git or .lock");
      } else if (entry.value() instanceof Fields repo) {
        repos.put(
            name,
            new DeclaredRepo(
                file,
                entry.at(),
                repo.text("url").flatMap(url -> url(url, repo.at("url"))),
                repo.fields("key").flatMap(this::key),
                repo.text("host_key").filter(key -> hostKey(key, repo.at("host_key")))));
      }
    }
    return repos;
  }

  private Optional<SshUrl> url(String text, Position at) {
    try {
      return Optional.of(SshUrl.of(text));
    } catch (IllegalArgumentException e) {
      problems.add(at, e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<GitKey> key(Fields key) {
    boolean gitea = key.text("provider").equals(Optional.of("gitea"));
    String wanted = gitea ? "provisioner_token" : "path";
    String other = gitea ? "path" : "provisioner_token";
    if (key.has(other)) {
      problems.add(
          key.at(other), "'" + other + "' is not for this provider, which wants '" + wanted + "'");
    }
    if (!key.has(wanted)) {
      if (key.has("provider")) {
        problems.add(key.at(), "'key' lacks '" + wanted + "'");
      }
      return Optional.empty();
    }
    return gitea
        ? key.value(wanted)
            .flatMap(node -> declarations.secret(node, "'provisioner_token'"))
            .map(GitKey.Gitea::new)
        : key.text(wanted)
            .flatMap(text -> declarations.path(text, key.at(wanted)))
            .map(GitKey.Static::new);
  }

  /** A type and the key itself, which begins with its type once more. */
  private boolean hostKey(String text, Position at) {
    String[] words = text.split(" ", -1);
    boolean fits = words.length == 2 && HOST_KEYS.contains(words[0]);
    if (fits) {
      try {
        byte[] blob = Base64.getDecoder().decode(words[1]);
        byte[] type = words[0].getBytes(StandardCharsets.US_ASCII);
        fits = blob.length > 4 + type.length && blob[3] == type.length;
        for (int i = 0; fits && i < type.length; i++) {
          fits = blob[4 + i] == type[i];
        }
      } catch (IllegalArgumentException e) {
        fits = false;
      }
    }
    if (!fits) {
      problems.add(
          at,
          "'host_key' must be a type and a key, as ssh-ed25519 AAAA…: what ssh-keyscan prints after"
              + " the host");
    }
    return fits;
  }
}
