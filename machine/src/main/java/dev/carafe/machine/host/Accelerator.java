package dev.carafe.machine.host;

import java.util.Objects;
import java.util.OptionalInt;

/**
 * What lets QEMU run a machine's processors, and why it was chosen.
 *
 * @param kind which one
 * @param reason why, a sentence for a person
 * @param group the group in which QEMU can open {@code /dev/kvm}, when that is needed because root
 *     runs it as another user
 */
public record Accelerator(Kind kind, String reason, OptionalInt group) {

  /** The accelerators Carafe uses. */
  public enum Kind {
    /** The processor's own virtualization. */
    KVM("kvm"),
    /** Emulation. QEMU's policy is that this is no security boundary: the jail is what stands. */
    TCG("tcg");

    private final String qemuName;

    Kind(String qemuName) {
      this.qemuName = qemuName;
    }

    /** Its name in QEMU's {@code -accel}. */
    public String qemuName() {
      return qemuName;
    }
  }

  public Accelerator {
    Objects.requireNonNull(kind);
    Objects.requireNonNull(reason);
    Objects.requireNonNull(group);
  }

  static Accelerator tcg(String reason) {
    return new Accelerator(Kind.TCG, reason, OptionalInt.empty());
  }
}
