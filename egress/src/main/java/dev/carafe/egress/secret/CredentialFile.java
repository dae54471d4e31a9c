package dev.carafe.egress.secret;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A JSON file in which a program keeps what it is logged in with. No message repeats anything of
 * its content. One thread; {@link #close} overwrites what was read.
 */
public final class CredentialFile implements AutoCloseable {
  /** A file of credentials is not longer. */
  public static final int MOST_BYTES = 1024 * 1024;

  private static final JsonFactory JSON = new JsonFactory();

  private final Path path;
  private final byte[] content;

  private CredentialFile(Path path, byte[] content) {
    this.path = path;
    this.content = content;
  }

  /**
   * Reads a file. Blocks.
   *
   * @throws SecretException when it is not there, cannot be read, or is longer than {@value
   *     #MOST_BYTES} bytes
   */
  public static CredentialFile read(Path path) throws SecretException {
    try {
      if (!Files.isRegularFile(path)) {
        throw new SecretException(
            "the file " + path + (Files.exists(path) ? " is not a file" : " does not exist"));
      }
      try (InputStream in = Files.newInputStream(path)) {
        byte[] content = in.readNBytes(MOST_BYTES + 1);
        if (content.length > MOST_BYTES) {
          Arrays.fill(content, (byte) 0);
          throw new SecretException("the file " + path + " is longer than 1 MiB");
        }
        return new CredentialFile(path, content);
      }
    } catch (NoSuchFileException e) {
      throw new SecretException("the file " + path + " does not exist");
    } catch (IOException e) {
      throw new SecretException("the file " + path + " cannot be read; check who may read it");
    }
  }

  /**
   * The text, or the number as it is written, to which these keys lead, each within the object of
   * the one before; empty when there is none.
   *
   * @throws SecretException when the file is not JSON
   */
  public Optional<String> value(List<String> keys) throws SecretException {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), content)) {
      Optional<String> value = Optional.empty();
      if (json.nextToken() == JsonToken.START_OBJECT) {
        value = value(json, keys);
      }
      return value;
    } catch (JacksonException e) {
      // Its message would quote the file.
      throw new SecretException("the file " + path + " is not JSON that can be read");
    }
  }

  private static Optional<String> value(JsonParser json, List<String> keys) {
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean meant = json.currentName().equals(keys.getFirst());
      JsonToken token = json.nextToken();
      if (!meant) {
        json.skipChildren();
      } else if (keys.size() > 1) {
        return token == JsonToken.START_OBJECT
            ? value(json, keys.subList(1, keys.size()))
            : Optional.empty();
      } else {
        return token == JsonToken.VALUE_STRING || token == JsonToken.VALUE_NUMBER_INT
            ? Optional.of(json.getString())
            : Optional.empty();
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    Arrays.fill(content, (byte) 0);
  }
}
