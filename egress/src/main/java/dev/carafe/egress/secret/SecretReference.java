package dev.carafe.egress.secret;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Where a credential comes from. */
public sealed interface SecretReference {
  /** What messages call it; nothing in it is secret. */
  String name();

  /** An environment variable of this process. */
  record Variable(String variable) implements SecretReference {
    @Override
    public String name() {
      return "the environment variable " + variable;
    }
  }

  /** A file's content, without blanks and line feeds around it. */
  record File(Path path) implements SecretReference {
    @Override
    public String name() {
      return "the file " + path;
    }
  }

  /**
   * A field of a JSON file, such as programs keep what they are logged in with.
   *
   * @param keys each within the object of the one before; at least one
   */
  record Field(Path path, List<String> keys) implements SecretReference {
    public Field {
      keys = List.copyOf(keys);
    }

    @Override
    public String name() {
      return "the field " + String.join(".", keys) + " of the file " + path;
    }
  }

  /**
   * What a program prints, without blanks and line feeds around it.
   *
   * @param words the program and its arguments; no shell reads them
   */
  record Command(List<String> words) implements SecretReference {
    public Command {
      words = List.copyOf(words);
    }

    /** Only the program: somebody may have written a password among the arguments. */
    @Override
    public String name() {
      return "the output of the command " + words.getFirst();
    }
  }

  /**
   * An entry of the desktop's keyring, by the Secret Service's attributes, in their order.
   *
   * @param attributes such as {@code service} and {@code account}
   */
  record Keyring(Map<String, String> attributes) implements SecretReference {
    @Override
    public String name() {
      StringBuilder name = new StringBuilder("the keyring entry");
      attributes.forEach((key, value) -> name.append(' ').append(key).append('=').append(value));
      return name.toString();
    }
  }
}
