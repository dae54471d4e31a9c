package dev.carafe.it;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** A room may use the rooms to its right, never the other way: cli → machine → image. */
class ArchitectureTest {
  private static final JavaClasses CARAFE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.carafe");

  @Test
  void roomsUseOnlyRoomsToTheirRight() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("cli")
        .definedBy("dev.carafe.cli..")
        .layer("machine")
        .definedBy("dev.carafe.machine..")
        .layer("image")
        .definedBy("dev.carafe.image..")
        .layer("egress")
        .definedBy("dev.carafe.egress..")
        .layer("bottle")
        .definedBy("dev.carafe.bottle..")
        .layer("junit")
        .definedBy("dev.carafe.junit..")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("junit")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("junit")
        .mayOnlyAccessLayers("bottle", "machine")
        .whereLayer("bottle")
        .mayOnlyBeAccessedByLayers("cli", "junit")
        .whereLayer("egress")
        .mayOnlyBeAccessedByLayers("cli", "bottle")
        .whereLayer("egress")
        .mayNotAccessAnyLayer()
        .whereLayer("machine")
        .mayOnlyBeAccessedByLayers("cli", "junit", "bottle")
        .whereLayer("image")
        .mayOnlyBeAccessedByLayers("cli", "bottle", "machine")
        .check(CARAFE);
  }

  @Test
  void theEnginesAndTheChannelDoNotKnowEachOthersInsides() {
    com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses()
        .that()
        .resideInAnyPackage("dev.carafe.machine.channel..", "dev.carafe.machine.network..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.carafe.machine.qemu..", "dev.carafe.machine.smolvm..", "dev.carafe.machine.host..")
        .check(CARAFE);
    com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses()
        .that()
        .resideInAPackage("dev.carafe.machine.smolvm..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.carafe.machine.qemu..",
            "dev.carafe.machine.host..",
            "dev.carafe.machine.channel..",
            "dev.carafe.machine.network..")
        .check(CARAFE);
  }

  @Test
  void whatDecidesKnowsNothingOfTheProxy() {
    com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses()
        .that()
        .resideInAnyPackage(
            "dev.carafe.egress.routes..",
            "dev.carafe.egress.secret..",
            "dev.carafe.egress.scan..",
            "dev.carafe.egress.audit..",
            "dev.carafe.egress.tls..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.carafe.egress.proxy..", "dev.carafe.egress")
        .check(CARAFE);
  }

  @Test
  void aManifestKnowsNothingOfMachines() {
    com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses()
        .that()
        .resideInAnyPackage("dev.carafe.bottle.manifest..", "dev.carafe.bottle.botbottle..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.carafe.machine..", "dev.carafe.image..", "dev.carafe.bottle", "dev.carafe.egress")
        .check(CARAFE);
  }

  @Test
  void aProviderSaysWhatIsDoneAndDoesNothing() {
    com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses()
        .that()
        .resideInAPackage("dev.carafe.bottle.provider..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.carafe.machine..", "dev.carafe.bottle", "dev.carafe.egress")
        .check(CARAFE);
  }

  @Test
  void imageHasNoCycles() {
    slices().matching("dev.carafe.image.(*)..").should().beFreeOfCycles().check(CARAFE);
  }
}
