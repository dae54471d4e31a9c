package dev.carafe.bottle;

import dev.carafe.bottle.provider.GuestFile;
import dev.carafe.bottle.provision.GitIdentity;
import dev.carafe.bottle.provision.GuestFiles;
import dev.carafe.bottle.provision.GuestUser;
import dev.carafe.bottle.provision.Injected;
import dev.carafe.bottle.provision.PromptFile;
import dev.carafe.bottle.provision.Unpulled;
import dev.carafe.machine.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Puts into a running machine all that a plan's agent needs there. */
final class Provisioner {
  private final Plan plan;
  private final Machine machine;
  private final Injected injected;
  private final Consumer<String> steps;
  private final Consumer<String> notes;

  /**
   * @param injected hears what is there for this session only
   * @param steps hears what is begun
   */
  Provisioner(
      Plan plan,
      Machine machine,
      Injected injected,
      Consumer<String> steps,
      Consumer<String> notes) {
    this.plan = plan;
    this.machine = machine;
    this.injected = injected;
    this.steps = steps;
    this.notes = notes;
  }

  /**
   * Does it.
   *
   * @param workspace where it is written down what was copied
   * @return where the prompt is, if there is one
   */
  Optional<String> provision(Path workspace) throws IOException {
    GuestUser user = GuestUser.settle(machine, Bottle.USER);
    steps.accept("Writing the prompt");
    Optional<String> prompt =
        PromptFile.put(machine, user, plan.manifest().agent().prompt(), injected);
    if (!plan.provision().files().isEmpty()) {
      steps.accept("Writing the files of '" + plan.provider().name() + "'");
    }
    for (GuestFile file : plan.provision().files()) {
      GuestFiles.put(machine, user, file.path(), file.content(), file.mode());
      injected.add(file.path());
    }
    if (!plan.skills().all().isEmpty()) {
      steps.accept("Copying the skills");
      plan.skills().put(machine, user, user.home() + "/" + plan.provider().skills(), injected);
    }
    if (plan.workspace().isPresent()) {
      steps.accept("Copying " + plan.workspace().get().directory());
      plan.workspace().get().put(machine, user).write(workspace);
      Unpulled.copied(machine, user);
    }
    steps.accept("Setting the author of commits");
    if (!GitIdentity.set(machine, user, plan.manifest().gitUser())
        && plan.spec().workspace().isPresent()) {
      notes.accept("the image has no git");
    }
    return prompt;
  }
}
