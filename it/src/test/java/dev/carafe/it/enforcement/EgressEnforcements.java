package dev.carafe.it.enforcement;

import static dev.carafe.it.enforcement.Permit.Value.FALSE;
import static dev.carafe.it.enforcement.Permit.Value.NOTHING;
import static dev.carafe.it.enforcement.Permit.Value.NO_OPTIONAL;
import static dev.carafe.it.enforcement.Permit.Value.TRUE;
import static dev.carafe.it.enforcement.Permit.Value.ZERO;
import static dev.carafe.it.enforcement.Permit.Value.field;
import static dev.carafe.it.enforcement.Permit.Value.of;
import static dev.carafe.it.enforcement.Permit.answer;
import static dev.carafe.it.enforcement.Permit.call;
import static dev.carafe.it.enforcement.Permit.giveBack;
import static dev.carafe.it.enforcement.Permit.silence;
import static dev.carafe.it.enforcement.Permit.text;

import java.util.List;
import java.util.stream.Stream;

/** What the room egress enforces about where requests go, and that they are requests. */
final class EgressEnforcements {
  private EgressEnforcements() {}

  static List<Enforcement> all() {
    return Stream.of(ROUTES, NAMES, HTTP, AUDIT, LIMITS).flatMap(List::stream).toList();
  }

  private static Enforcement that(String says, String where, Permit instead, String test) {
    return new Enforcement(says, "egress." + where, instead, "egress." + test);
  }

  private static final List<Enforcement> ROUTES =
      List.of(
          that(
              "A host that no route names is denied",
              "routes.Routes#candidates",
              answer(field("egress.routes.Routes", "all", "java.util.List")),
              "AgreementTest#connectToWhatHasNoRouteIsDenied"),
          that(
              "A port that no route covers is denied",
              "routes.Route#coversPort",
              answer(TRUE),
              "AgreementTest#connectToAnotherPortIsDenied"),
          that(
              "A credential is not sent without TLS",
              "routes.Routes#wantsTls",
              answer(FALSE),
              "routes.RoutesTest#aCredentialIsNotSentWithoutTlsUnlessTheRouteSaysSo"),
          that(
              "A request is as one of its route's matches says",
              "proxy.Judge#matches",
              answer(NOTHING),
              "AgreementTest#whatNoMatchAllowsIsDenied"),
          that(
              "The method is as the match says",
              "routes.Match#matches",
              answer(TRUE),
              "routes.RoutesTest#theMethodIsComparedExactly"),
          that(
              "The path is as the match says",
              "routes.PathMatch$Prefix#matches",
              answer(TRUE),
              "routes.RoutesTest#aPathIsComparedAsItsTypeSays"),
          that(
              "A header is as the match says, and there once",
              "routes.HeaderMatch#matches",
              answer(TRUE),
              "routes.RoutesTest#allHeadersMustBeThereExactlyOnce"),
          that(
              "A path with a backslash is not compared",
              "proxy.Paths#normal",
              silence("it has a backslash"),
              "proxy.PathsTest#whatCouldBeAnotherPathIsNotCompared"),
          that(
              "A path that hides a slash is not compared",
              "proxy.Paths#normal",
              silence("it hides a slash"),
              "proxy.PathsTest#whatCouldBeAnotherPathIsNotCompared"),
          that(
              "A path that is encoded twice is not compared",
              "proxy.Paths#normal",
              silence("it is encoded twice"),
              "proxy.PathsTest#whatCouldBeAnotherPathIsNotCompared"),
          that(
              "A path with a dot segment is not compared",
              "proxy.Paths#normal",
              silence("it has a dot segment"),
              "proxy.PathsTest#whatCouldBeAnotherPathIsNotCompared"),
          that(
              "A path with an empty segment is not compared",
              "proxy.Paths#normal",
              silence("it has an empty segment"),
              "proxy.PathsTest#whatCouldBeAnotherPathIsNotCompared"),
          that(
              "A path that is no UTF-8 is not compared",
              "proxy.Paths#normal",
              silence("it is no UTF-8"),
              "proxy.PathsTest#whatCouldBeAnotherPathIsNotCompared"),
          that(
              "A path hides no control characters",
              "proxy.Paths#check",
              silence("hides a control character"),
              "proxy.PathsTest#whatIsNoPathIsNotSent"),
          that(
              "Nothing is pushed by git",
              "proxy.Judge#git",
              silence("git push is not possible"),
              "AgreementTest#pushingByGitIsDeniedHowItIsSpelt"),
          that(
              "Nothing is fetched by git unless the route says so",
              "proxy.Judge#git",
              silence("does not allow git fetch"),
              "AgreementTest#pushingByGitIsDeniedHowItIsSpelt"),
          that(
              "A routes file that is wrong is not in force in part",
              "routes.RoutesFile#parse",
              call("none", TRUE),
              "routes.RouteTableTest#aFileThatBecomesBadOrGoesAwayChangesNothingAndIsSaidOnce"),
          that(
              "At the start a wrong routes file allows nothing",
              "routes.RoutesFile#parse",
              call("none", TRUE),
              "routes.RouteTableTest#aMissingOrBadFileAtTheStartAllowsNothingAndSaysSo"),
          that(
              "A routes file that is half written is not in force",
              "routes.RouteTable#settled",
              answer(TRUE),
              "routes.RouteTableTest#aFileThatIsWrittenInPlaceIsNotUsedHalf"),
          that(
              "Two routes for one host and port are refused",
              "routes.RouteDeclarations#refuseTheSameTwice",
              answer(NOTHING),
              "routes.RoutesFileTest#theSameRouteTwiceIsRefused"),
          that(
              "When the routes are closed nothing is allowed",
              "routes.RouteTable#close",
              answer(NOTHING),
              "routes.RouteTableTest#onceClosedNothingIsAllowed"),
          that(
              "A secret is not written into a routes file",
              "secret.Literal#holdsToken,insteadOfName",
              answer(FALSE),
              "routes.RoutesFileTest#aSecretWrittenIntoTheFileIsRefusedAndNotRepeated"),
          that(
              "The proxy listens on loopback only",
              "Listen#<init>",
              silence("listens on loopback only"),
              "ListenTest#itListensOnlyOnLoopback"));

  private static final List<Enforcement> NAMES =
      List.of(
          that(
              "An address is no name",
              "proxy.HostPort#parse,name",
              silence("an address is no host name"),
              "AgreementTest#addressesAreNoNames"),
          that(
              "CONNECT and Host name one server",
              "proxy.Http1Client#connect",
              silence("CONNECT and the Host header"),
              "AgreementTest#connectAndHostMustAgree"),
          that(
              "There is no CONNECT inside a tunnel",
              "proxy.Http1Client#connect",
              silence("no CONNECT inside"),
              "AgreementTest#thereIsNoTunnelInATunnel"),
          that(
              "There is no CONNECT inside a stream of HTTP/2",
              "proxy.Http2Client#request",
              silence("no CONNECT inside"),
              "Http2Test#thereIsNoTunnelInAStream"),
          that(
              "CONNECT has no body",
              "proxy.Http1Client#connect",
              silence("CONNECT has no body"),
              "AgreementTest#connectHasNoBody"),
          that(
              "CONNECT and the TLS hello name one server",
              "proxy.TunnelStart#decide",
              call("equals", TRUE),
              "AgreementTest#tunnelAndHelloMustAgree"),
          that(
              "A request is for the server that its connection is for",
              "proxy.Origin#agreed",
              giveBack(0),
              "proxy.OriginTest#theConnectionAndTheRequestAgree"),
          that(
              "In a tunnel, Host names the tunnel's server",
              "proxy.Origin#agreed",
              giveBack(0),
              "AgreementTest#tunnelAndHostMustAgree"),
          that(
              "A request has one Host",
              "proxy.Origin#address",
              silence("one Host header"),
              "proxy.OriginTest#thereIsOneHost"),
          that(
              "A request of HTTP/2 has one :authority",
              "proxy.Origin#address",
              silence("one :authority"),
              "proxy.OriginTest#thereIsOneHost"),
          that(
              "The URL and Host name one server",
              "proxy.Origin#address",
              silence("the URL and the Host header"),
              "proxy.OriginTest#theHostAndTheUrlAgree"),
          that(
              "The :authority and Host name one server",
              "proxy.Origin#address",
              silence("the :authority and the Host"),
              "proxy.OriginTest#theHostAndTheUrlAgree"),
          that(
              "The scheme is the connection's",
              "proxy.Origin#address",
              silence("the scheme is not the connection"),
              "proxy.OriginTest#theSchemeIsTheConnections"),
          that(
              "The address of a server is not this host's or its neighbours'",
              "proxy.AddressRules#refusal",
              answer(NO_OPTIONAL),
              "proxy.AddressRulesTest#whatIsNotOnTheInternetIsRefused"),
          that(
              "An address in another's clothes is that address",
              "proxy.AddressRules#inner",
              giveBack(0),
              "proxy.AddressRulesTest#whatIsNotOnTheInternetIsRefused"),
          that(
              "Only addresses that may be are connected to",
              "proxy.Dialer#checked",
              giveBack(1),
              "AgreementTest#aNameThatLeadsToThisHostIsDenied"),
          that(
              "A server's certificate is one that somebody vouches for",
              "tls.UpstreamTrust#newContext",
              answer(of("trustingAnybody", "Lio/netty/handler/ssl/SslContext;")),
              "AgreementTest#aServerThatNobodyVouchesForIsNotTalkedTo"),
          that(
              "A server's certificate is its own",
              "tls.UpstreamTrust#newContext",
              text("HTTPS", ""),
              "AgreementTest#aServerWithAnothersCertificateIsNotTalkedTo"),
          that(
              "The bottle's authority is good for the routes' hosts only",
              "tls.Authority#permitted",
              answer(of("everyHost", "[Lorg/bouncycastle/asn1/x509/GeneralSubtree;")),
              "tls.AuthorityTest#itIsGoodForTheRoutesHostsOnly"),
          that(
              "The bottle's authority makes certificates for the routes' hosts only",
              "tls.Authority#covers",
              answer(TRUE),
              "tls.AuthorityTest#itMakesNoneForOthers"));

  private static final List<Enforcement> HTTP =
      List.of(
          that(
              "A message has one length",
              "proxy.Http1Reader#length",
              silence("more than one Content-Length"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A message's length is a number",
              "proxy.Http1Reader#length",
              silence("the Content-Length is not a number"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A message has a length or chunks",
              "proxy.Http1Reader#length",
              silence("contradict each other"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "Chunks are the only coding",
              "proxy.Http1Reader#length",
              silence("the only Transfer-Encoding"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A chunk's length is a number",
              "proxy.Http1Reader#chunkLength",
              silence("length is not a number"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A chunk is as long as it says",
              "proxy.Http1Reader#read",
              silence("longer than it says"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A request line has three parts",
              "proxy.Http1Reader#request",
              silence("METHOD TARGET VERSION"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A method is a token",
              "proxy.Http1Reader#request",
              silence("the method is not clear"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "Headers are limited in number",
              "proxy.Http1Reader#fields",
              silence("too many headers"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A header's name is a token",
              "proxy.Http1Reader#fields",
              silence("name is not clear"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A line is limited",
              "proxy.Http1Reader#line",
              silence(" is too long"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A line ends with CR LF",
              "proxy.Http1Reader#line",
              silence("ends without CR"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "No line has control characters",
              "proxy.Http1Reader#line",
              silence("has control characters"),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "The version is HTTP/1",
              "proxy.Http1Reader#minor",
              answer(ZERO),
              "proxy.Http1ReaderTest#whatTwoReadersCouldUnderstandDifferentlyIsRefused"),
          that(
              "A header's name in HTTP/2 is a token in lower case",
              "proxy.Http2Fields#fromFrame",
              silence("name is not clear"),
              "proxy.Http2FieldsTest#whatIsNotClearIsRefused"),
          that(
              "No header in HTTP/2 has control characters",
              "proxy.Http2Fields#fromFrame",
              silence("control characters"),
              "proxy.Http2FieldsTest#whatIsNotClearIsRefused"),
          that(
              "No header in HTTP/2 is HTTP/1.1's own",
              "proxy.Http2Fields#fromFrame",
              silence("belongs to HTTP/1.1"),
              "proxy.Http2FieldsTest#whatIsNotClearIsRefused"),
          that(
              "A length in HTTP/2 is clear",
              "proxy.Http2Fields#fromFrame",
              silence("content-length is not clear"),
              "proxy.Http2FieldsTest#whatIsNotClearIsRefused"),
          that(
              "What belongs to one connection does not go on",
              "proxy.Fields#endToEnd",
              giveBack(0),
              "SmugglingTest#headersOfTheConnectionDoNotGoOn"));

  private static final List<Enforcement> AUDIT =
      List.of(
          that(
              "While nothing can be written down nothing is let through",
              "proxy.Ledger#check",
              answer(NOTHING),
              "BodyTest#whileNothingCanBeWrittenDownNothingIsLetThrough"),
          that(
              "An audit that cannot be written says so",
              "audit.Audit#refusal",
              answer(NO_OPTIONAL),
              "audit.AuditTest#onceClosedNothingMayBeLetThrough"),
          that(
              "Every decision is written down",
              "audit.Audit#write",
              answer(NOTHING),
              "BodyTest#theAuditKnowsWhatBecameOfEach"),
          that(
              "No secret is written down",
              "proxy.Judge#keepable",
              giveBack(0),
              "BodyTest#theAuditKnowsWhatBecameOfEach"),
          that(
              "A changed line of the audit is found",
              "audit.AuditVerifier#check",
              call("equals", TRUE),
              "audit.AuditVerifierTest#aChangedLineIsNamed"),
          that(
              "Only its owner can read the audit",
              "audit.AuditFiles#create",
              text("rw-------", "rw-rw-rw-"),
              "audit.AuditTest#onlyItsOwnerCanReadIt"));

  private static final List<Enforcement> LIMITS =
      List.of(
          that(
              "Connections are limited",
              "proxy.Shared#enter",
              answer(TRUE),
              "LimitTest#oneConnectionTooManyIsToldSo"),
          that(
              "Requests at once are limited",
              "proxy.Shared#enter",
              answer(TRUE),
              "LimitTest#oneRequestTooManyIsToldSo"),
          that(
              "Handshakes that wait are limited",
              "proxy.HandshakeGate#enter",
              call("size", ZERO),
              "proxy.HandshakeGateTest#aFewBeginAndTheOthersFollowInOrder"),
          that(
              "A head that never ends is given up",
              "proxy.Deadline#set",
              answer(NOTHING),
              "LimitTest#aHeadThatNeverEndsIsGivenUp"));
}
