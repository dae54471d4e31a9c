package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.ImageException;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.FrozenLayer;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code machine freeze}: makes an image of a running machine, on top of the one that the machine
 * stands on, whatever that one's name means by now.
 */
final class FreezeVerb extends Verb {
  @Override
  String summary() {
    return "Makes an image of what a running machine has on its disk.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .value("REF", "The image's name; if another image has it, that one loses it.", "--tag")
        .values("PATH", "Leave this out, with all below it; absolute.", "--exclude")
        .flag("As JSON.", "--json")
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine freeze web --tag web:after-setup")
        .example("machine freeze --name web --tag web:clean --exclude /root/.cache");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String tag =
        arguments
            .value("--tag")
            .orElseThrow(() -> new UsageException("no name for the image was given: --tag REF"));
    Set<String> leftOut = new LinkedHashSet<>();
    for (String path : arguments.values("--exclude")) {
      leftOut.add(Values.directory("--exclude", path));
    }
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    Image image;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Machines machines = context.rooms().machines(progress)) {
      Machine machine =
          context.find(machines, arguments.machineName(), List.of(), "machine freeze");
      progress.step("Freezing machine '" + machine.name() + "'");
      image = freeze(machine, leftOut, tag, progress, context);
    } catch (MachineException | ImageException e) {
      // Interrupted work fails with all sorts of words; the signal is what happened.
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    } finally {
      interrupts.clean();
    }
    return ImageText.stored("Frozen", tag, image, arguments, context);
  }

  private static Image freeze(
      Machine machine,
      Set<String> leftOut,
      String tag,
      TerminalProgress progress,
      Context context) {
    String digest =
        machine.imageDigest().orElseThrow(() -> context.explained(machine, neverStarted(machine)));
    Images images = context.rooms().images();
    Image below =
        images
            .find(digest)
            .orElseThrow(
                () ->
                    new FailureException(
                        "storage operation failed: the image that machine '"
                            + machine.name()
                            + "' stands on, "
                            + digest
                            + ", is not in the store any more"));
    try (FrozenLayer layer = FrozenLayer.of(machine, FreezeSpec.without(leftOut))) {
      try {
        return images.addLayer(
            below, layer, tag, "carafe machine freeze " + machine.name(), progress);
      } catch (ImageException e) {
        if (layer.failure().orElse(null) instanceof MachineException failed) {
          throw context.explained(machine, failed);
        }
        throw e;
      }
    }
  }

  private static MachineException neverStarted(Machine machine) {
    return new MachineException(
        ErrorCode.STATE,
        "freeze machine '" + machine.name() + "'",
        "it has never been started, so there is nothing of it to freeze");
  }
}
