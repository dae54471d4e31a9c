package dev.carafe.machine.channel;

import dev.carafe.image.Image;
import java.time.Instant;
import java.time.InstantSource;

/**
 * What a machine that was started, or restored from a template, is to be. Only what is set is
 * changed in the guest, in the order that the protocol gives. Not for use by several threads.
 */
public final class Configuration {
  private byte[] entropy;
  private InstantSource clock;
  private int images;
  private long overlayBytes;
  private String hostname;
  private String machineId;
  private String hosts;
  private String resolv;

  /**
   * @param bytes 32 to 512 bytes of randomness that no other machine gets
   */
  public Configuration entropy(byte[] bytes) {
    require(bytes.length >= 32 && bytes.length <= 512, "entropy is 32 to 512 bytes");
    entropy = bytes.clone();
    return this;
  }

  /** The guest's clock; asked when the request is sent. */
  public Configuration clock(InstantSource source) {
    clock = source;
    return this;
  }

  /**
   * Mount the image's and the overlay's disk and make them the root.
   *
   * @param deltas how many of the disks for deltas belong to the image, 0 to {@link
   *     Image#MOST_DELTAS}
   */
  public Configuration root(int deltas) {
    require(deltas >= 0 && deltas <= Image.MOST_DELTAS, "there are no disks for so many deltas");
    images = 1 + deltas;
    return this;
  }

  /** Grow the overlay's file system to this many bytes. */
  public Configuration overlayBytes(long bytes) {
    require(bytes > 0, "an overlay has more than no bytes");
    overlayBytes = bytes;
    return this;
  }

  /**
   * @param name 1 to 64 letters, digits and hyphens
   */
  public Configuration hostname(String name) {
    boolean valid = !name.isEmpty() && name.length() <= 64;
    for (int i = 0; valid && i < name.length(); i++) {
      char c = name.charAt(i);
      valid = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-';
    }
    require(valid, "a host name is 1 to 64 letters, digits and hyphens");
    hostname = name;
    return this;
  }

  /**
   * @param id 32 lower-case hexadecimal digits
   */
  public Configuration machineId(String id) {
    boolean valid = id.length() == 32;
    for (int i = 0; valid && i < id.length(); i++) {
      char c = id.charAt(i);
      valid = c >= '0' && c <= '9' || c >= 'a' && c <= 'f';
    }
    require(valid, "a machine id is 32 lower-case hexadecimal digits");
    machineId = id;
    return this;
  }

  /** The text of {@code /etc/hosts}, at most 65,536 bytes. */
  public Configuration hosts(String text) {
    hosts = text;
    return this;
  }

  /** The text of {@code /etc/resolv.conf}, at most 65,536 bytes. */
  public Configuration resolv(String text) {
    resolv = text;
    return this;
  }

  private static void require(boolean held, String otherwise) {
    if (!held) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  Request request() {
    Request request = new Request(Protocol.CONFIGURE, "configure the guest");
    if (entropy != null) {
      request.bytes(1, entropy);
    }
    if (clock != null) {
      Instant now = clock.instant();
      request.u64(2, Math.addExact(now.getEpochSecond() * 1_000_000_000L, now.getNano()));
    }
    if (images > 0) {
      request.u8(3, images);
    }
    if (overlayBytes > 0) {
      request.u64(4, overlayBytes);
    }
    if (hostname != null) {
      request.text(5, hostname);
    }
    if (machineId != null) {
      request.text(6, machineId);
    }
    if (hosts != null) {
      request.text(7, hosts);
    }
    if (resolv != null) {
      request.text(8, resolv);
    }
    return request;
  }
}
