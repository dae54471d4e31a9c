package dev.carafe.it.enforcement;

import static dev.carafe.it.enforcement.Permit.Value.FALSE;
import static dev.carafe.it.enforcement.Permit.Value.NOTHING;
import static dev.carafe.it.enforcement.Permit.Value.TRUE;
import static dev.carafe.it.enforcement.Permit.answer;
import static dev.carafe.it.enforcement.Permit.giveBack;
import static dev.carafe.it.enforcement.Permit.number;
import static dev.carafe.it.enforcement.Permit.silence;
import static dev.carafe.it.enforcement.Permit.text;

import java.util.List;
import java.util.stream.Stream;

/** What the room machine enforces. */
final class MachineEnforcements {
  private static final String NETWORK = "machine.network.";
  private static final String CHANNEL = "machine.channel.";
  private static final String QEMU = "machine.qemu.";

  private MachineEnforcements() {}

  static List<Enforcement> all() {
    return Stream.of(REACH, PROOFS, RELAY, MESSAGES, COPIES, LAYERS, RECORDS)
        .flatMap(List::stream)
        .toList();
  }

  private static Enforcement of(String says, String where, Permit instead, String test) {
    return new Enforcement(says, where, instead, test);
  }

  private static final List<Enforcement> REACH =
      List.of(
          of(
              "An address that is not allowed is not connected to",
              NETWORK + "Policy#allowed",
              answer(TRUE),
              NETWORK + "PolicyTest#aRangeIsOpenedByNamingItOrAPartOfIt"),
          of(
              "What is not on the public network is not open to all",
              NETWORK + "Ranges#refused",
              answer(FALSE),
              NETWORK + "PolicyTest#whatIsNotPublicIsNotOpenToAll"),
          of(
              "A range is opened by naming it or a part of it, not by naming more",
              NETWORK + "Ranges#opens",
              answer(TRUE),
              NETWORK + "PolicyTest#theMetadataServiceIsOpenedOnlyByItsOwnAddress"),
          of(
              "The guest's own addresses lead nowhere on the host",
              NETWORK + "Policy#isOwn",
              answer(FALSE),
              NETWORK + "PolicyTest#thisHostsLoopbackIsReachedAtItsOwnAddress"),
          of(
              "A name that is not allowed does not exist, and nobody is asked",
              NETWORK + "Policy#allows",
              answer(TRUE),
              NETWORK + "NamesTest#anyOtherNameDoesNotExistAndNobodyIsAsked"),
          of(
              "A name that nobody can have is not asked for",
              NETWORK + "Names#isReserved",
              answer(FALSE),
              NETWORK + "NamesTest#aNameThatNobodyCanHaveIsAskedOfNobody"),
          of(
              "A label with a dot in it is not taken for two",
              NETWORK + "Names#plain",
              text("", "a.example.org"),
              NETWORK + "NamesTest#aLabelWithADotInItIsNoSubDomain"),
          of(
              "An allowed name leads to no address that is refused",
              NETWORK + "Policy#mayLeadTo",
              answer(TRUE),
              NETWORK + "NamesTest#aNameThatLeadsBackToThisHostOrItsNeighboursLeadsNowhere"),
          of(
              "The addresses that names have opened are limited",
              NETWORK + "Policy#forget",
              answer(NOTHING),
              NETWORK + "PolicyTest#whatWasLearntIsLimitedAndConnectionsKeepTheirWay"),
          of(
              "What is refused is written down",
              NETWORK + "Denials#add",
              answer(NOTHING),
              NETWORK + "RelayTest#whatIsNotAllowedIsRefusedAtOnceAndWrittenDown"),
          of(
              "What is written down of refusals is limited",
              NETWORK + "Denials#write",
              number(512 * 1024, Integer.MAX_VALUE),
              NETWORK + "DenialsTest#aGuestThatCausesManyIsCountedAndFillsNoDisk"));

  private static final List<Enforcement> PROOFS =
      List.of(
          of(
              "A machine whose network is not as it should be is not handed out",
              QEMU + "MachineNetwork#require",
              answer(NOTHING),
              QEMU + "MachineNetworkTest#whatDoesNotHoldIsSaidAndEndsTheStart"),
          of(
              "What goes through and must not does not hold",
              NETWORK + "Prover#holds",
              answer(TRUE),
              NETWORK + "ProverTest#whatGoesThroughAndMustNotDoesNotHold"),
          of(
              "What does not go through and must does not hold",
              NETWORK + "Prover#holds",
              answer(TRUE),
              NETWORK + "ProverTest#whatDoesNotGoThroughAndMustDoesNotHold"),
          of(
              "Another interface, or a name that is answered, does not hold",
              NETWORK + "Prover#holds",
              answer(TRUE),
              NETWORK + "ProverTest#anotherInterfaceOrAnAnsweredNameDoesNotHold"),
          of(
              "What a guest says of the gateway holds only if the host has seen as much",
              NETWORK + "Prover#compared",
              giveBack(0),
              NETWORK + "ProverTest#whatTheHostHasNotSeenDoesNotHoldWhateverTheGuestSays"),
          of(
              "What must fail and has come to the host's gate does not hold",
              NETWORK + "Prover#compared",
              giveBack(0),
              NETWORK + "ProverTest#whatTheHostHasSeenAndMustFailDoesNotHoldWhateverTheGuestSays"));

  private static final List<Enforcement> RELAY =
      List.of(
          of(
              "A guest has at most 1,024 connections",
              NETWORK + "Admission#opened",
              silence("more than"),
              NETWORK + "RelayTest#moreStreamsThanThereMayBeCloseEverything"),
          of(
              "The number of a connection is never used twice",
              NETWORK + "Admission#opened",
              silence("not new"),
              NETWORK + "RelayTest#numbersAreNeverUsedTwice"),
          of(
              "A frame for a connection that nobody has opened closes the relay",
              NETWORK + "Relay#deliver",
              silence("nobody has opened"),
              NETWORK + "RelayTest#aWrongFrameClosesEverything"),
          of(
              "Data after a connection's end close the relay",
              NETWORK + "Relay#deliver",
              silence("sent data beyond "),
              NETWORK + "RelayTest#dataBeyondTheWindowOrTheEndClosesEverything"),
          of(
              "Data on a connection that the guest has not accepted close the relay",
              NETWORK + "Relay#deliver",
              silence("it has not accepted"),
              NETWORK + "RelayTest#aPublishedPortLeadsIntoTheGuest"),
          of(
              "The guest accepts only what was offered to it",
              NETWORK + "Relay#deliver",
              silence("that was not offered"),
              NETWORK + "RelayTest#aWrongFrameClosesEverything"),
          of(
              "Credit for more than a window closes the relay",
              NETWORK + "Relay#deliver",
              silence("more credit than"),
              NETWORK + "RelayTest#creditBeyondTheWindowClosesEverything"),
          frame("Reserved bytes of the relay's frames are zero", "next", "reserved bytes"),
          frame("A relay's frame has no unknown flags", "expect", " with unknown flags "),
          frame("A relay's frame is on a stream where it has to be", "expect", " on a stream"),
          frame("A relay's frame has a length that its type may have", "expect", " bytes"),
          frame("Empty data on the relay end something", "checkHeader", "empty data"),
          frame(
              "A guest sends only relay's frames that are a guest's",
              "checkHeader",
              "may not send"),
          frame("Credit on the relay has a size", "checkPayload", "gave a credit"),
          frame("A reset has a reason", "checkPayload", "reset a stream"),
          frame("A set-up fails for a reason", "checkPayload", "failed for reason"),
          frame(
              "A connection's address is as long as its kind's", "checkOpen", "malformed address"),
          frame("A connection has a port", "checkOpen", " to port "));

  private static Enforcement frame(String says, String method, String words) {
    return of(
        says,
        NETWORK + "Decoder#" + method,
        silence(words),
        NETWORK + "DecoderTest#whatIsMalformedIsRefused");
  }

  private static final List<Enforcement> MESSAGES =
      List.of(
          wrong("Reserved bytes of a frame are zero", "FrameReader#next", "reserved bytes"),
          wrong("A frame has no unknown flags", "FrameReader#expect", " with unknown flags "),
          wrong("A frame has a length that its type may have", "FrameReader#expect", " bytes"),
          wrong(
              "A guest sends only frames that are a guest's",
              "FrameReader#checkHeader",
              "which it may not send"),
          malformed("A frame is on a stream where it has to be", "expect", " on a stream"),
          malformed("Data come on a lane of the guest's", "checkHeader", "sent data on "),
          malformed("Empty data end something", "checkHeader", "sent empty data"),
          malformed("Credit is for a lane of the host's", "checkHeader", "gave credit for"),
          malformed("Credit has a size", "checkPayload", "gave a credit of"),
          malformed("A process has a number", "checkPayload", "impossible process id"),
          malformed("Reserved bytes of a result are zero", "checkResult", "reserved bytes"),
          malformed("A result is one that there can be", "checkResult", " with code "),
          wrong("A request starts once", "Stream#onStarted", "not to be started"),
          wrong("Credit stays within the window", "Stream#onCredit", "beyond the window"),
          wrong(
              "A result comes after the ends of its lanes",
              "Stream#onResult",
              "before the end of its"),
          of(
              "What has started cannot have failed to start",
              CHANNEL + "Stream#onResult",
              silence("did not start"),
              CHANNEL + "ChannelTest#whatHasStartedCannotHaveFailedToStart"),
          of(
              "Data before a command's start end the channel",
              CHANNEL + "Stream#onData",
              silence("has none there"),
              CHANNEL + "ChannelTest#dataBeforeTheStartEndsTheChannel"),
          of(
              "A request is not answered with a command's result",
              CHANNEL + "Stream#onResult",
              silence("with a command's result"),
              CHANNEL + "ChannelTest#aResultThatACommandOnlyCanHaveEndsTheChannel"),
          of(
              "Data beyond the window end the channel",
              CHANNEL + "Lane#receive",
              silence("than it had credit for"),
              CHANNEL + "ChannelTest#dataBeyondTheWindowEndsTheChannel"),
          of(
              "Data after their end end the channel",
              CHANNEL + "Lane#receive",
              silence("after the end of its lane"),
              CHANNEL + "ChannelTest#dataAfterItsEndEndsTheChannel"),
          of(
              "A guest that answers a greeting with something else is not read for ever",
              CHANNEL + "Welcome#find",
              silence("not the answer to our greeting"),
              CHANNEL + "HandshakeTest#aGuestThatSendsOnAndOnIsGivenUp"),
          of(
              "A guest whose terms are others is not talked to",
              CHANNEL + "Welcome#find",
              silence("with impossible terms"),
              CHANNEL + "HandshakeTest#aWelcomeWithImpossibleTermsIsRefused"));

  private static Enforcement wrong(String says, String where, String words) {
    return of(
        says,
        CHANNEL + where,
        silence(words),
        CHANNEL + "ChannelTest#theFirstWrongFrameEndsTheChannel");
  }

  private static Enforcement malformed(String says, String method, String words) {
    return of(
        says,
        CHANNEL + "FrameReader#" + method,
        silence(words),
        CHANNEL + "FrameReaderTest#whatIsMalformedIsRefused");
  }

  private static final List<Enforcement> COPIES =
      List.of(
          harmful("A copy's path has no component that is no name", "EntryReader#check", "no name"),
          harmful("A copy's names have no NUL", "EntryReader#checkText", "NUL"),
          harmful("Only links have targets", "EntryReader#next", "where none belongs"),
          harmful("A copy is not empty", "EntryReader#next", "before it began"),
          harmful("The copied thing comes first and once", "EntryReader#next", "itself twice"),
          harmful("A copy has entries of known kinds", "EntryReader#next", "an unknown kind"),
          harmful("Modes are modes", "EntryReader#next", "an impossible mode"),
          harmful("Times are times", "EntryReader#next", "an impossible time"),
          harmful("A chunk of a copy is limited", "EntryReader#chunk", "a chunk that is too long"),
          harmful("A file grows, to at most a tebibyte", "EntryReader#chunk", "a chunk that goes"),
          harmful("Nothing follows the end of a copy", "EntryReader#finish", "went on after"),
          harmful("Nothing lands in what this copy has not made", "Tree#find", "before its dir"),
          harmful("Nothing is in what is no directory", "Tree#resolve", "inside what is no"),
          harmful("Nothing is sent twice", "Tree#add", " twice"),
          harmful("A hard link leads to a file of the copy", "Tree#hardLink", "to what is no file"),
          of(
              "A copy has directories only so deep",
              CHANNEL + "Tree#checkDepth",
              answer(NOTHING),
              CHANNEL + "TreeTest#directoriesMayBeSoDeepAndNoDeeper"),
          of(
              "A copy has only so many entries",
              CHANNEL + "Tree#grow",
              silence(" files"),
              CHANNEL + "TreeTest#thereMayBeSoManyEntriesAndNoMore"),
          of(
              "A copy's directories take only so much memory",
              CHANNEL + "Tree#add",
              silence("more directories than"),
              CHANNEL + "TreeTest#directoriesMayTakeSoMuchMemoryAndNoMore"),
          of(
              "No symbolic link at a copy's destination is followed",
              CHANNEL + "CopyOut#isDirectory",
              silence("is a symbolic link to a directory"),
              CHANNEL + "AgentCopyTest#noSymbolicLinkInTheDestinationIsFollowed"),
          of(
              "No set-id bit leaves a guest",
              CHANNEL + "Attributes#apply",
              number(0777, 07777),
              CHANNEL
                  + "HostileCopyTest#permissionsAreTakenWithoutSpecialBitsAndTimesAsFarAsTheyGo"));

  private static Enforcement harmful(String says, String where, String words) {
    return of(
        says,
        CHANNEL + where,
        silence(words),
        CHANNEL + "HostileCopyTest#aHarmfulCopyIsRefusedAndLeavesNothing");
  }

  private static final List<Enforcement> LAYERS =
      List.of(
          layer(
              "A layer has no name with a meaning of its own", "checkPath", "a meaning of its own"),
          layer("A layer has each name once", "checkPath", "not in their order"),
          layer(
              "What is in a layer is in a directory of the layer",
              "checkParent",
              "before its directory"),
          layer("A layer's hard link leads to a file of the layer", "next", "to what is no file"),
          layer("A layer has entries of known kinds", "next", "an unknown kind"),
          layer("Modes in a layer are modes", "next", "an impossible mode"),
          layer("Times in a layer are times", "next", "an impossible time"),
          layer("Only links in a layer have targets", "next", "where none belongs"),
          layer("What has no attributes gets none", "next", "attributes of what has none"),
          layer("A layer's end is nothing but its end", "next", "named the end"),
          layer("Devices in a layer are devices", "checkDevice", "an impossible device"),
          layer(
              "Attributes are such as an archive can hold", "attributes", "an archive cannot hold"),
          layer("No attribute comes twice", "attributes", "an attribute twice"),
          layer("Attributes have names, and limits", "attributes", "too large, or has no name"),
          layer(
              "The pieces of a file are inside it and apart", "pieces", "overlap, or lie outside"),
          layer(
              "A layer holds no more than its machine's disk can", "pieces", "more than its disk"),
          layer("Nothing follows the end of a layer", "finish", "went on after"),
          of(
              "A layer has directories only so deep",
              CHANNEL + "LayerReader#checkPath",
              silence("deep"),
              CHANNEL + "LayerReaderTest#directoriesMayBeSoDeepAndNoDeeper"),
          of(
              "A layer has only so many entries",
              CHANNEL + "LayerReader#next",
              silence(" files"),
              CHANNEL + "LayerReaderTest#thereMayBeSoManyEntriesAndNoMore"),
          of(
              "The names that hard links lead to take only so much memory",
              CHANNEL + "LayerReader#remember",
              silence("files with several names"),
              CHANNEL + "LayerReaderTest#filesWithSeveralNamesMayTakeSoMuchMemoryAndNoMore"));

  private static Enforcement layer(String says, String method, String words) {
    return of(
        says,
        CHANNEL + "LayerReader#" + method,
        silence(words),
        CHANNEL + "FreezeTest#aHarmfulLayerIsRefusedAndNeverEnded");
  }

  private static final List<Enforcement> RECORDS =
      List.of(
          record(
              "A record of a later version is not read",
              "read",
              "it has version",
              "aRecordOfALaterVersionIsRefused"),
          record(
              "A record is its own machine's",
              "read",
              "it is of another machine",
              "aRecordOfAnotherMachine"),
          record(
              "An image's digest is a digest", "read", "digest is malformed", "aDigestThatIsNone"),
          record(
              "No directory is removed because a damaged file names it",
              "readRun",
              "sockets' directory",
              "socketsAreNotInAnyDirectoryThatAFileNames"),
          of(
              "A network that contradicts itself is not widened",
              "machine.Network#check",
              answer(NOTHING),
              QEMU + "RecordFileTest#aNetworkThatContradictsItselfIsRefusedAndNotWidened"),
          of(
              "A number that does not fit is not cut",
              QEMU + "RecordFile$Values#integer",
              silence("is out of range"),
              QEMU + "RecordFileTest#aNumberThatDoesNotFitIsNotCut"),
          of(
              "A time is one that there is",
              QEMU + "RecordFile$Values#instant",
              silence("is out of range"),
              QEMU + "RecordFileTest#aTimeThatIsNone"));

  private static Enforcement record(String says, String method, String words, String test) {
    return of(says, QEMU + "RecordFile#" + method, silence(words), QEMU + "RecordFileTest#" + test);
  }
}
