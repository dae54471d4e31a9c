package dev.carafe.bottle;

import dev.carafe.bottle.provision.GuestCommands;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import dev.carafe.image.ImageException;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.FrozenLayer;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Makes images of running machines, on top of those that they stand on. */
final class Freezer {
  private final ImageStore images;

  Freezer(ImageStore images) {
    this.images = images;
  }

  /**
   * Freezes a machine; it goes on running.
   *
   * @param reference what the image is called; if another has that name, that one loses it
   * @param spec what of the machine's changes is part of the image
   * @param changes makes the image's configuration of the one below
   * @param createdBy what the image's history says
   * @throws BottleException when that is not possible; nothing is left of it
   */
  Image freeze(
      Machine machine,
      String reference,
      FreezeSpec spec,
      UnaryOperator<ImageConfig> changes,
      String createdBy,
      Progress progress) {
    Image below =
        machine
            .imageDigest()
            .flatMap(images::find)
            .orElseThrow(
                () ->
                    new BottleException(
                        "machine '"
                            + machine.name()
                            + "' cannot be frozen: the image that it stands on is not in the store"
                            + " any more"));
    try (FrozenLayer layer = FrozenLayer.of(machine, spec)) {
      try {
        return images.addLayer(
            below, layer, reference, changes.apply(below.config()), createdBy, progress);
      } catch (ImageException e) {
        if (layer.failure().orElse(null) instanceof MachineException failed) {
          throw new BottleException(
              failed.getMessage()
                  + (failed.code() == ErrorCode.LOST ? "" : "; " + afterwards(machine)),
              failed);
        }
        throw e;
      }
    }
  }

  /** A disk that this host has no room for gives errors, and a file system is read-only then. */
  private static String afterwards(Machine machine) {
    try {
      return GuestCommands.ask(machine, "0", "[ -w / ]", List.of()).exitCode() == 0
          ? "the machine goes on as it was"
          : "what the machine has on its disk cannot be changed any more; make room on this"
              + " computer, then stop and start it";
    } catch (MachineException e) {
      return "the machine does not answer";
    }
  }

  /**
   * Freezes a bottle's machine, and remembers that: the bottle is kept from now on. The session's
   * end waits for this.
   *
   * @return the image's reference
   * @throws BottleException when that is not possible; the bottle goes on as it was
   */
  String bottle(BottleStates states, Machine machine, String slug, Progress progress) {
    try (Lock alone =
        states
            .freezing(slug)
            .orElseThrow(
                () ->
                    failed(
                        slug,
                        "it is being frozen, started or ended by somebody else just now; try"
                            + " again"))) {
      BottleRecord record =
          states.find(slug).orElseThrow(() -> failed(slug, "there is no such bottle")).record();
      if (record.phase() == Phase.MAKING) {
        // What is left out of the image is not known before.
        throw failed(slug, "its start has not come to its end");
      }
      String reference = next(slug);
      progress.step("Freezing bottle '" + slug + "'");
      freeze(
          machine,
          reference,
          GuestTrust.leftOut(FreezeSpec.without(Set.copyOf(record.injected()))),
          UnaryOperator.identity(),
          "carafe freeze " + slug,
          progress);
      remember(states, slug, reference);
      return reference;
    } catch (NoSuchFileException e) {
      throw failed(slug, "there is no such bottle any more", e);
    } catch (ImageException | MachineException | IOException e) {
      throw failed(slug, Sentence.reason(e), e);
    }
  }

  private void remember(BottleStates states, String slug, String reference) throws IOException {
    try {
      states.freezeDone(slug, reference);
    } catch (IOException e) {
      try {
        images.remove(reference, Set.of());
      } catch (ImageException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private static BottleException failed(String slug, String reason) {
    return new BottleException("bottle '" + slug + "' was not frozen: " + reason);
  }

  private static BottleException failed(String slug, String reason, Exception cause) {
    return new BottleException("bottle '" + slug + "' was not frozen: " + reason, cause);
  }

  /** Every freeze has a name of its own: an earlier one is still there. */
  private String next(String slug) {
    String name = "bottle-" + slug + ":";
    int number = 1;
    while (images.find(name + number).isPresent()) {
      number++;
    }
    return name + number;
  }
}
