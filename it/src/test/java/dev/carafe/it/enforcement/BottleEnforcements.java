package dev.carafe.it.enforcement;

import static dev.carafe.it.enforcement.Permit.Value.FALSE;
import static dev.carafe.it.enforcement.Permit.Value.NOTHING;
import static dev.carafe.it.enforcement.Permit.Value.NO_LIST;
import static dev.carafe.it.enforcement.Permit.Value.NULL;
import static dev.carafe.it.enforcement.Permit.Value.THIS;
import static dev.carafe.it.enforcement.Permit.Value.TRUE;
import static dev.carafe.it.enforcement.Permit.answer;
import static dev.carafe.it.enforcement.Permit.call;

import java.util.List;

/** What the room bottle enforces. */
final class BottleEnforcements {
  private static final String SIDECAR = "bottle.Sidecar#";
  private static final String TEST = "bottle.SidecarOpeningTest#";
  private static final String MANIFEST = "bottle.manifest.";
  private static final String PROVIDER = "bottle.provider.";

  private BottleEnforcements() {}

  static final List<Enforcement> ALL =
      List.of(
          new Enforcement(
              "A sidecar is proved from inside before it is handed over",
              SIDECAR + "prove",
              answer(NOTHING),
              TEST + "aNetworkThatIsNotAsItShouldBeIsClosedAgain"),
          new Enforcement(
              "What a sidecar has begun is undone when it cannot be opened",
              "bottle.SidecarParts#close",
              answer(NOTHING),
              TEST + "aNetworkThatIsNotAsItShouldBeIsClosedAgain"),
          new Enforcement(
              "Only names that a route is for lead to the proxy",
              "egress.routes.HostPattern#matches",
              answer(TRUE),
              TEST + "onlyNamesThatARouteIsForLeadToTheProxy"),
          new Enforcement(
              "A machine's canary is among what its sidecar looks for",
              "bottle.SidecarParts#rules",
              call("ifPresent", NOTHING),
              TEST + "theMachinesCanaryIsCarriedOutByNothing"),
          new Enforcement(
              "No bottle is read past a link out of the user's directory",
              MANIFEST + "ManifestDirectory#readUsersFile",
              call("startsWith", TRUE),
              MANIFEST + "RepositoryPolicyTest#aBottleThatIsALinkOutOfTheUsersDirectoryIsRefused"),
          new Enforcement(
              "A link in a repository makes no file of the user's a prompt",
              MANIFEST + "ManifestDirectory#readRepositorys",
              call("isSymbolicLink", FALSE),
              MANIFEST + "RepositoryPolicyTest#aLinkInARepositoryMakesNoFileOfTheUsersAPrompt"),
          new Enforcement(
              "A directory of a repository that is a link is not followed",
              MANIFEST + "ManifestDirectory#ofRepository",
              call("isSymbolicLink", FALSE),
              MANIFEST + "RepositoryPolicyTest#aDirectoryOfARepositoryThatIsALinkIsNotFollowed"),
          new Enforcement(
              "What everybody on the host can change is no manifest",
              MANIFEST + "ManifestDirectory#anybodyWrites",
              answer(FALSE),
              MANIFEST + "ManifestIndexTest#whatEverybodyCanChangeIsNotRead"),
          new Enforcement(
              "The name of a bottle is no path",
              MANIFEST + "ManifestName#valid",
              answer(TRUE),
              MANIFEST + "RepositoryPolicyTest#aNameIsNeverAPath"),
          new Enforcement(
              "A repository's agent takes no place of the user's",
              MANIFEST + "ManifestIndex#<init>",
              call("containsKey", FALSE),
              MANIFEST + "RepositoryPolicyTest#anAgentOfARepositoryDoesNotTakeThePlaceOfTheUsers"),
          new Enforcement(
              "A provider's file holds no secret",
              PROVIDER + "ProviderFile#refuseSecret",
              call("holdsToken", FALSE),
              PROVIDER + "ProvidersTest#mistakesAreSaid"),
          new Enforcement(
              "No provider takes another's place",
              PROVIDER + "Providers#add",
              call("containsKey", FALSE),
              PROVIDER + "ProvidersTest#noNameIsThereTwice"),
          new Enforcement(
              "A login that has expired is not forwarded",
              PROVIDER + "CodexLogin#read",
              call("isAfter", TRUE),
              PROVIDER + "CodexTest#aLoginThatIsOfNoUseIsRefused"),
          new Enforcement(
              "A recipe has no credentials",
              PROVIDER + "RecipeReader#recipe",
              call("isPresent", FALSE),
              PROVIDER + "RecipeTest#allMistakesAreSaidWithTheirPlaces"),
          new Enforcement(
              "The password of a registry gets into no image",
              PROVIDER + "NpmConfig#address",
              call("getUserInfo", NULL),
              PROVIDER
                  + "HostRegistriesTest#anAddressThatWouldCarryAPasswordIntoTheImageIsRefused"),
          new Enforcement(
              "The value of a route's credential is in no variable of the agent's",
              "bottle.policy.BottleEnv#holds",
              answer(FALSE),
              "bottle.policy.BottleEnvTest#theValueOfARoutesCredentialIsRefusedWhereverItComesFrom"),
          new Enforcement(
              "A model's credential is for the model alone",
              "bottle.provider.ModelRoutes#below",
              answer(NO_LIST),
              "bottle.provider.ClaudeTest#theCredentialIsForTheModelAndNotForTheAccount"),
          new Enforcement(
              "No link in a repository's skills is followed",
              "bottle.provision.Skills#leadsNowhereElse",
              answer(TRUE),
              "bottle.provision.ProvisioningTest#noLinkIsFollowedInARepository"),
          new Enforcement(
              "The home directory is no workspace by accident",
              "bottle.provision.Workspace#refuseHome",
              answer(NOTHING),
              "bottle.provision.WorkspaceTest#theHomeDirectoryIsRefusedUnlessItIsForced"),
          new Enforcement(
              "The name of an author is no setting of git's",
              "bottle.provision.GitIdentity#checked",
              call("anyMatch", FALSE),
              "bottle.provision.ProvisioningTest#aNameWithALineEndIsRefused"),
          new Enforcement(
              "Git's hooks and settings do not come back",
              "bottle.provision.GitPlaces#isGit",
              answer(FALSE),
              "bottle.provision.GuestChangesTest#hooksAndSettingsOfGitAreLeftOutUnlessTheyAreNamed"),
          new Enforcement(
              "A repository under another name does not come back",
              "bottle.provision.GitPlaces#isBare",
              answer(FALSE),
              "bottle.provision.GuestChangesTest#whatGitTakesForARepositoryUnderAnotherNameIsLeftOut"),
          new Enforcement(
              "No link that leads out of the workspace comes back",
              "bottle.provision.Pull#staysWithin",
              answer(TRUE),
              "bottle.provision.GuestChangesTest#linksThatLeadOutOrToGitStayInTheGuest"),
          new Enforcement(
              "Nothing is written through a link of this host",
              "bottle.provision.Pull#reasonToLeave",
              call("isDirectory", TRUE),
              "bottle.provision.GuestChangesTest#nothingIsWrittenThroughALinkOfThisHost"),
          new Enforcement(
              "A bottle's file whose record was changed is not taken in",
              "bottle.BottleArchive#record",
              call("equals", TRUE),
              "bottle.BottleArchiveTest#aDamagedRecordIsRefused"),
          new Enforcement(
              "A bottle that comes in a file names nothing of this computer",
              "bottle.state.BottleRecord#elsewhere",
              answer(THIS),
              "bottle.BottleArchiveTest#itNamesNoDirectoryOfThisComputerAndNoOtherImage"),
          new Enforcement(
              "No image of a registry passes for one that a recipe has made",
              "bottle.AgentImages#isOf",
              answer(TRUE),
              "bottle.PreparationTest#theImageIsTheOneThatWasAskedForThenTheBottlesThenTheRecipes"),
          new Enforcement(
              "No certificate of a sidecar is frozen, wherever the guest has put it",
              "bottle.GuestTrust#isOurs",
              answer(FALSE),
              "bottle.GuestTrustTest#whatTheDistributionsOwnToolHasMadeOfItIsNotFrozenEither"),
          new Enforcement(
              "Cleanup leaves a machine whose bottle is remembered elsewhere",
              "bottle.BottleLeftovers#rememberedElsewhere",
              answer(FALSE),
              "bottle.BottleLeftoversTest#aMachineWhoseBottleIsRememberedElsewhereIsLeftAlone"),
          new Enforcement(
              "Cleanup offers no state that somebody uses, or that is only not for this Carafe to read",
              "bottle.state.BottleStates$Damaged#removable",
              answer(TRUE),
              "bottle.BottleLeftoversTest#whatALaterVersionHasWrittenIsNoLeftover"),
          new Enforcement(
              "Cleanup leaves a machine that runs, whoever remembers it",
              "bottle.BottleLeftovers#runs",
              answer(FALSE),
              "bottle.BottleLeftoversTest#aMachineThatRunsIsLeftAloneThoughNothingHereSaysWhoseItIs"),
          new Enforcement(
              "A bottle's state that others can change is not read",
              "bottle.state.BottleStates#requireOwn",
              answer(NOTHING),
              "bottle.state.BottleStatesTest#whatOthersCanChangeIsNotReadAndNotRemoved"),
          new Enforcement(
              "A label is what it looks like",
              "bottle.state.Plain#is",
              answer(TRUE),
              "bottle.state.BottleStatesTest#aRecordHasNoMoreThanAMachineCanHaveAndALabelThatIsWhatItLooksLike"));
}
