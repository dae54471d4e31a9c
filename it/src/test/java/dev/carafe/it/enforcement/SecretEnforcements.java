package dev.carafe.it.enforcement;

import static dev.carafe.it.enforcement.Permit.Value.FALSE;
import static dev.carafe.it.enforcement.Permit.Value.NOTHING;
import static dev.carafe.it.enforcement.Permit.Value.NO_OPTIONAL;
import static dev.carafe.it.enforcement.Permit.Value.NULL;
import static dev.carafe.it.enforcement.Permit.Value.THIS;
import static dev.carafe.it.enforcement.Permit.Value.TRUE;
import static dev.carafe.it.enforcement.Permit.Value.ZERO;
import static dev.carafe.it.enforcement.Permit.Value.made;
import static dev.carafe.it.enforcement.Permit.answer;
import static dev.carafe.it.enforcement.Permit.call;
import static dev.carafe.it.enforcement.Permit.giveBack;
import static dev.carafe.it.enforcement.Permit.number;

import java.util.List;
import java.util.stream.Stream;

/** What the room egress enforces about secrets: which come in, and which do not get out. */
final class SecretEnforcements {
  private SecretEnforcements() {}

  static List<Enforcement> all() {
    return Stream.of(CREDENTIALS, SCAN, ENCODINGS).flatMap(List::stream).toList();
  }

  private static Enforcement that(String says, String where, Permit instead, String test) {
    return new Enforcement(says, "egress." + where, instead, "egress." + test);
  }

  private static final List<Enforcement> CREDENTIALS =
      List.of(
          that(
              "The agent's own credentials do not go where the proxy signs",
              "proxy.Judge#outgoing",
              call("forEach", NOTHING),
              "ProxyTest#theCredentialIsAddedAndNeverComesBack"),
          that(
              "No credential comes in a trailer",
              "proxy.Judge#trailers",
              giveBack(0),
              "Http2Test#trailersOfARequestGoOnWithoutCredentials"),
          that(
              "A credential does not come back in a header",
              "proxy.Judge#masked",
              giveBack(0),
              "BodyTest#answersHaveNoSecretInTheirHeaders"),
          that(
              "A credential does not come back in a body",
              "proxy.Bodies#inbound",
              answer(made("egress.proxy.PlainPipe")),
              "ProxyTest#theCredentialIsAddedAndNeverComesBack"),
          that(
              "A credential does not come back in a compressed body",
              "proxy.Bodies#decode",
              giveBack(2),
              "BodyTest#aCompressedAnswerIsReadWhereTheCredentialCouldBe"),
          that(
              "A credential does not come back in a frame of a WebSocket",
              "proxy.Bodies#framesIn",
              answer(made("egress.proxy.PlainPipe")),
              "WebSocketTest#theCredentialDoesNotComeBackInAFrame"),
          that(
              "An answer that cannot be read does not come back where a credential could be in it",
              "proxy.Bodies#inbound",
              answer(made("egress.proxy.PlainPipe")),
              "BodyTest#whatCannotBeReadThereIsNotPassedOn"),
          that(
              "A connection is not used again for another credential",
              "proxy.Destination#equals,hashCode",
              answer(TRUE, ZERO),
              "BodyTest#anotherCredentialMeansAnotherConnection"));

  private static final List<Enforcement> SCAN =
      List.of(
          that(
              "A secret does not leave in a host",
              "proxy.Judge#route",
              call("check", NO_OPTIONAL),
              "AgreementTest#aNameThatIsASecretIsDenied"),
          that(
              "A secret does not leave in a path",
              "proxy.Judge#find",
              giveBack(1, "path"),
              "BodyTest#aSecretDoesNotLeaveInAnyPartOfARequest"),
          that(
              "A secret does not leave in a query",
              "proxy.Judge#find",
              giveBack(1, "query"),
              "BodyTest#aSecretDoesNotLeaveInAnyPartOfARequest"),
          that(
              "A secret does not leave in a header",
              "proxy.Judge#find",
              giveBack(1, "header "),
              "BodyTest#aSecretDoesNotLeaveInAnyPartOfARequest"),
          that(
              "A secret does not leave in a header's name",
              "proxy.Judge#find",
              giveBack(1, "header's name"),
              "BodyTest#aSecretDoesNotLeaveInAnyPartOfARequest"),
          that(
              "A secret does not leave in a body",
              "proxy.Bodies#outbound",
              answer(made("egress.proxy.PlainPipe")),
              "BodyTest#aSecretDoesNotLeaveInAnyPartOfARequest"),
          that(
              "A secret does not leave in a frame of a WebSocket",
              "proxy.Bodies#framesOut",
              answer(made("egress.proxy.PlainPipe")),
              "WebSocketTest#aSecretInAFrameEndsTheConnection"),
          that(
              "A secret does not leave in frames, slice by slice",
              "proxy.FramePipe#append",
              call("feed", NULL),
              "WebSocketTest#aSecretInSlicesEndsTheConnection"),
          that(
              "What is found is masked",
              "scan.BodyScan#act",
              answer(FALSE),
              "scan.BodyScanTest#aWholeValueIsMasked"),
          that(
              "What redacting has left is looked at again, and blocked",
              "proxy.Judge#clean",
              answer(TRUE),
              "BodyTest#whatCannotBeRedactedDoesNotLeave"),
          that(
              "A canary is looked for",
              "scan.ScanRules$Builder#canary",
              answer(THIS),
              "scan.BodyScanTest#aCanaryIsASecretOfItsOwnKind"),
          that(
              "The beginning of a secret waits for its end",
              "scan.Inspection#tails",
              answer(NOTHING),
              "scan.BodyScanTest#aWholeValueIsMasked"),
          that(
              "A part of a secret is as bad as the secret",
              "scan.Needle#window",
              giveBack(0),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A token of a well-known service is found",
              "scan.Inspection#pattern",
              answer(NOTHING),
              "scan.TokenPatternsTest#eachExampleIsFoundAsWhatItIs"),
          that(
              "A token in base64 in a header is found",
              "scan.Scanner#inBase64",
              answer(NO_OPTIONAL),
              "scan.TokenPatternsTest#aTokenThatIsAPasswordIsSeenInTheHeaderThatCarriesIt"),
          that(
              "A coding that cannot be read is refused",
              "scan.BodyScan#feed",
              call("isEmpty", TRUE),
              "scan.BodyScanTest#codingsThatCannotBeReadAreRefused"),
          that(
              "What unpacks to too much is refused",
              "scan.Packed#content",
              number(256, 1 << 24),
              "scan.BodyScanTest#whatUnpacksToTooMuchIsRefused"),
          that(
              "What is packed too deep is refused",
              "scan.BodyScan#open",
              number(3, 99),
              "scan.BodyScanTest#whatIsPackedTooDeepIsRefused"));

  private static final List<Enforcement> ENCODINGS =
      List.of(
          that(
              "A secret is found backwards",
              "scan.Coded#reversed",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in hexadecimal",
              "scan.Coded#hex",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found as a program's bytes",
              "scan.Coded#literals",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found as a list of numbers",
              "scan.Coded#decimals",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in UTF-16",
              "scan.Coded#wide",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in rot13",
              "scan.Coded#rotated",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in base64",
              "scan.Coded#base64",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in base32",
              "scan.Coded#base32",
              answer(THIS),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in two encodings at once",
              "scan.Needle#combined",
              answer(NOTHING),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in percent-encoding",
              "scan.Unescape#percent",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in backslash escapes",
              "scan.Unescape#backslash",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in octal escapes",
              "scan.Unescape#octal",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in character references",
              "scan.Unescape#reference",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in other letters of Unicode",
              "scan.Unescape#unicode",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in hexadecimal escapes",
              "scan.Unescape#two",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in escapes of escapes",
              "scan.Inspection#regions",
              number(3, 1),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret is found in deflated data",
              "scan.Packed#inflate",
              answer(FALSE),
              "scan.BodyScanTest#compressedBodiesAreLookedInto"),
          that(
              "A secret is found in zstd",
              "scan.Packed#zstd",
              answer(FALSE),
              "scan.BodyScanTest#compressedBodiesAreLookedInto"),
          that(
              "A secret is found in the files of an archive",
              "scan.Packed$Header#begin",
              answer(FALSE),
              "scan.BodyScanTest#filesInAnArchiveAreLookedInto"),
          that(
              "A secret is found in compressed data in base64",
              "scan.Base64Reader#read",
              answer(ZERO),
              "scan.EncodingsTest#eachIsSeenInAHeader"),
          that(
              "A secret of other bytes than letters and digits is found",
              "scan.Inspection#view",
              call("isPresent", FALSE),
              "scan.EncodingsTest#binarySecretsAreFound"));
}
