package dev.carafe.egress.tls;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * What a TLS client says first (RFC 8446, 4.1.2; RFC 6066, 3), as far as a proxy must know it.
 *
 * @param name the server's name it asks for, lower case
 * @param encrypted whether there is another hello inside that nobody can read (ECH): the name may
 *     be a pretext
 */
public record ClientHello(Optional<String> name, boolean encrypted) {
  /** Longer hellos are refused: none of today's comes near. */
  public static final int LONGEST = 16 << 10;

  private static final int HANDSHAKE = 22;
  private static final int CLIENT_HELLO = 1;
  private static final int SERVER_NAME = 0;
  private static final int ENCRYPTED_CLIENT_HELLO = 0xfe0d;

  /** The bytes are no TLS hello. */
  public static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
      super(message);
    }
  }

  /**
   * Reads a hello from the first bytes of a connection, which may be in several records.
   *
   * @param bytes from the beginning; neither position nor limit change
   * @return nothing if more bytes are needed
   */
  public static Optional<ClientHello> read(ByteBuffer bytes) throws MalformedException {
    ByteBuffer in = bytes.duplicate();
    ByteBuffer message = ByteBuffer.allocate(LONGEST);
    while (in.remaining() >= 5) {
      int type = in.get() & 0xff;
      int version = in.getShort() & 0xffff;
      int length = in.getShort() & 0xffff;
      if (type != HANDSHAKE || version >> 8 != 3 || length == 0 || length > LONGEST) {
        throw new MalformedException("this is no TLS hello");
      }
      int here = Math.min(length, in.remaining());
      if (here > message.remaining()) {
        throw new MalformedException("the TLS hello is too long");
      }
      message.put(message.position(), in, in.position(), here);
      message.position(message.position() + here);
      in.position(in.position() + here);
      Optional<ClientHello> hello = whole(message.duplicate().flip());
      if (hello.isPresent() || here < length) {
        return hello;
      }
    }
    return Optional.empty();
  }

  private static Optional<ClientHello> whole(ByteBuffer message) throws MalformedException {
    if (message.remaining() < 4) {
      return Optional.empty();
    }
    int head = message.getInt();
    int length = head & 0xffffff;
    if (head >>> 24 != CLIENT_HELLO) {
      throw new MalformedException("this is no TLS hello");
    }
    if (length > LONGEST - 4) {
      throw new MalformedException("the TLS hello is too long");
    }
    if (message.remaining() < length) {
      return Optional.empty();
    }
    ByteBuffer body = message.slice(message.position(), length);
    skip(body, 2 + 32);
    vector(body, 1);
    vector(body, 2);
    vector(body, 1);
    Optional<String> name = Optional.empty();
    boolean encrypted = false;
    if (body.hasRemaining()) {
      ByteBuffer extensions = vector(body, 2);
      while (extensions.hasRemaining()) {
        need(extensions, 2);
        int type = extensions.getShort() & 0xffff;
        ByteBuffer extension = vector(extensions, 2);
        if (type == SERVER_NAME) {
          if (name.isPresent()) {
            throw new MalformedException("the TLS hello has two names");
          }
          name = Optional.of(name(extension));
        } else if (type == ENCRYPTED_CLIENT_HELLO) {
          encrypted = true;
        }
      }
    }
    return Optional.of(new ClientHello(name, encrypted));
  }

  private static String name(ByteBuffer extension) throws MalformedException {
    ByteBuffer list = vector(extension, 2);
    need(list, 1);
    int type = list.get();
    ByteBuffer text = vector(list, 2);
    if (type != 0 || list.hasRemaining() || !text.hasRemaining()) {
      throw new MalformedException("the TLS hello's name is not one host name");
    }
    return StandardCharsets.US_ASCII.decode(text).toString().toLowerCase(Locale.ROOT);
  }

  private static ByteBuffer vector(ByteBuffer in, int lengthBytes) throws MalformedException {
    need(in, lengthBytes);
    int length = 0;
    for (int i = 0; i < lengthBytes; i++) {
      length = length << 8 | in.get() & 0xff;
    }
    need(in, length);
    ByteBuffer content = in.slice(in.position(), length);
    in.position(in.position() + length);
    return content;
  }

  private static void skip(ByteBuffer in, int count) throws MalformedException {
    need(in, count);
    in.position(in.position() + count);
  }

  private static void need(ByteBuffer in, int count) throws MalformedException {
    if (in.remaining() < count) {
      throw new MalformedException("the TLS hello is cut short");
    }
  }
}
