package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Network;
import dev.carafe.machine.Services;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** The machine's name server, asked by a guest that is played by hand. */
@Timeout(60)
class NamesTest {
  @TempDir Path directory;
  private final Map<String, Answer> world = new ConcurrentHashMap<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private FakeGuest guest;
  private Relay relay;
  private int stream = -1;

  @BeforeEach
  void start() throws IOException {
    guest = new FakeGuest(directory);
  }

  @AfterEach
  void stop() throws IOException {
    relay.close();
    guest.close();
  }

  private void open(Network network, Services services) throws Exception {
    var opening =
        CompletableFuture.supplyAsync(
            () ->
                Relay.open(
                    guest.host,
                    true,
                    network,
                    services,
                    new Denials(directory.resolve("denials"), InstantSource.system()),
                    (name, six, done) -> {
                      asked.add(name);
                      done.accept(world.getOrDefault(name, Answer.UNKNOWN));
                    },
                    Duration.ofSeconds(20)));
    guest.welcome();
    relay = opening.get();
  }

  private void found(String name, long seconds, String... addresses) {
    world.put(name, Answer.found(Arrays.stream(addresses).map(Cidr::literal).toList(), seconds));
  }

  private void ask(String name, int type) throws IOException {
    stream += 2;
    guest.open(stream, Wire.KIND_DATAGRAM, 53);
    Record question = Record.newRecord(Name.fromString(name), type, DClass.IN);
    byte[] query = Message.newQuery(question).toWire();
    byte[] framed =
        ByteBuffer.allocate(2 + query.length).putShort((short) query.length).put(query).array();
    guest.send(Wire.DATA, Wire.END, stream, framed);
    assertThat(guest.next(Wire.ACCEPTED).stream()).isEqualTo(stream);
  }

  private Message answer() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    FakeGuest.Frame frame;
    do {
      frame = guest.next(Wire.DATA);
      assertThat(frame.stream()).isEqualTo(stream);
      all.write(frame.payload());
    } while (!frame.end());
    byte[] framed = all.toByteArray();
    assertThat(ByteBuffer.wrap(framed).getShort()).isEqualTo((short) (framed.length - 2));
    return new Message(Arrays.copyOfRange(framed, 2, framed.length));
  }

  private static List<String> addresses(Message answer) {
    return answer.getSection(Section.ANSWER).stream()
        .map(
            record ->
                record instanceof ARecord a
                    ? a.getAddress().getHostAddress()
                    : ((AAAARecord) record).getAddress().getHostAddress())
        .toList();
  }

  @Test
  void anAllowedNameIsAnsweredOnceTheGuestHasAWayThere() throws Exception {
    open(Network.of(List.of(), List.of("example.org")), Services.NONE);
    found("www.example.org", 7, "1.2.3.4");
    ask("WWW.Example.ORG.", Type.A);
    assertThat(guest.next(Wire.SETUP).text()).contains("\u0004 \u0001\u0002\u0003\u0004");
    guest.open(stream + 2, 4, Gate.PORT, (byte) 1, (byte) 2, (byte) 3, (byte) 4);
    guest.next(Wire.ACCEPTED); // it is allowed, but the answer waits
    guest.next(Wire.DATA);
    guest.next(Wire.DATA);
    guest.setupDone();
    Message answer = answer();
    assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(addresses(answer)).containsExactly("1.2.3.4");
    assertThat(answer.getSection(Section.ANSWER).getFirst().getTTL()).isEqualTo(7);
    assertThat(answer.getSection(Section.ANSWER).getFirst().getName())
        .isEqualTo(Name.fromString("www.example.org."));
  }

  @Test
  void anyOtherNameDoesNotExistAndNobodyIsAsked() throws Exception {
    open(Network.of(List.of(), List.of("example.org")), Services.NONE);
    found("secret.evil.example", 60, "1.2.3.4");
    for (String name :
        List.of("secret.evil.example.", "notexample.org.", "org.", ".", "example.org.evil.")) {
      ask(name, Type.A);
      assertThat(answer().getRcode()).as(name).isEqualTo(Rcode.NXDOMAIN);
    }
    assertThat(asked).isEmpty();
    assertThat(Denials.read(directory.resolve("denials"), 10))
        .hasSize(5)
        .allMatch(denial -> denial.operation().equals("dns"));
  }

  @Test
  void aNameThatNobodyCanHaveIsAskedOfNobody() throws Exception {
    open(Network.open(), Services.NONE);
    for (String name : List.of("localhost.", "a.localhost.", "printer.local.", "a.invalid.")) {
      ask(name, Type.A);
      assertThat(answer().getRcode()).as(name).isEqualTo(Rcode.NXDOMAIN);
    }
    assertThat(asked).isEmpty();
  }

  @Test
  void aLabelWithADotInItIsNoSubDomain() throws Exception {
    open(Network.of(List.of(), List.of("example.org")), Services.NONE);
    found("www.example.org", 60, "1.2.3.4");
    ask("www\\.example.org.", Type.A);
    assertThat(answer().getRcode()).isEqualTo(Rcode.NXDOMAIN);
    ask("a\\000.example.org.", Type.A);
    assertThat(answer().getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(asked).isEmpty();
  }

  @Test
  void aNameThatLeadsBackToThisHostOrItsNeighboursLeadsNowhere() throws Exception {
    open(Network.open(), Services.NONE);
    found("rebound.example", 60, "127.0.0.1", "10.0.0.1", "169.254.169.254", "1.2.3.4");
    ask("rebound.example.", Type.A);
    assertThat(addresses(answer())).containsExactly("1.2.3.4");
    found("rebound.example", 60, "192.168.0.1");
    ask("rebound.example.", Type.A);
    Message answer = answer();
    assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(addresses(answer)).isEmpty();
    assertThat(Denials.read(directory.resolve("denials"), 10))
        .extracting("destination")
        .contains("rebound.example = 127.0.0.1", "rebound.example = 192.168.0.1");
  }

  @Test
  void onlyAddressesAreAnswered() throws Exception {
    open(Network.open(), Services.NONE);
    found("example.org", 60, "1.2.3.4");
    for (int type : new int[] {Type.TXT, Type.MX, Type.ANY, Type.HTTPS, Type.CNAME}) {
      ask("example.org.", type);
      Message answer = answer();
      assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
      assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    }
    found("six.example", 60, "2606:4700::1");
    ask("six.example.", Type.AAAA);
    assertThat(addresses(answer())).containsExactly("2606:4700:0:0:0:0:0:1");
  }

  @Test
  void namesOfServicesLeadToThem() throws Exception {
    open(Network.NONE, new Services(Map.of(), name -> name.endsWith("api.example")));
    ask("api.example.", Type.A);
    assertThat(addresses(answer())).containsExactly(Services.ADDRESS);
    ask("api.example.", Type.AAAA);
    Message six = answer();
    assertThat(six.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(addresses(six)).isEmpty();
    ask("other.example.", Type.A);
    assertThat(answer().getRcode()).isEqualTo(Rcode.NXDOMAIN);
  }

  @Test
  void aFailureIsSaidAsOne() throws Exception {
    open(Network.open(), Services.NONE);
    world.put("broken.example", Answer.FAILED);
    ask("broken.example.", Type.A);
    assertThat(answer().getRcode()).isEqualTo(Rcode.SERVFAIL);
  }

  @Test
  void anAnswerTooLongForADatagramIsCut() throws Exception {
    open(Network.open(), Services.NONE);
    String[] many = new String[32];
    Arrays.setAll(many, i -> "1.2.3." + i);
    found("many.example", 60, many);
    ask("many.example.", Type.A);
    Message answer = answer();
    assertThat(answer.getHeader().getFlag(Flags.TC)).isTrue();
    assertThat(addresses(answer)).hasSizeLessThan(32);
  }

  @Test
  void overTcpQuestionsAreAnsweredInTurnAndWhole() throws Exception {
    open(Network.open(), Services.NONE);
    String[] many = new String[32];
    Arrays.setAll(many, i -> "1.2.3." + i);
    found("many.example", 60, many);
    guest.open(1, Wire.KIND_SERVICE, 53);
    guest.next(Wire.ACCEPTED);
    Record question = Record.newRecord(Name.fromString("many.example."), Type.A, DClass.IN);
    byte[] query = Message.newQuery(question).toWire();
    ByteBuffer twice = ByteBuffer.allocate(2 * (2 + query.length));
    twice.putShort((short) query.length).put(query).putShort((short) query.length).put(query);
    guest.send(Wire.DATA, 0, 1, twice.array());
    for (int i = 0; i < 2; i++) {
      byte[] framed = guest.next(Wire.DATA).payload();
      assertThat(addresses(new Message(Arrays.copyOfRange(framed, 2, framed.length)))).hasSize(32);
    }
    guest.send(Wire.DATA, Wire.END, 1, new byte[0]);
    assertThat(guest.next(Wire.DATA).end()).isTrue();
  }

  @Test
  void nonsenseIsResetAndTheRelayLives() throws Exception {
    open(Network.open(), Services.NONE);
    stream += 2;
    guest.open(stream, Wire.KIND_DATAGRAM, 53);
    guest.send(Wire.DATA, Wire.END, stream, new byte[] {0, 3, 1, 2, 3});
    FakeGuest.Frame frame = guest.next();
    // It may have been accepted before it was read.
    FakeGuest.Frame end = frame.type() == Wire.ACCEPTED ? guest.next() : frame;
    assertThat(end.type()).isEqualTo(Wire.RESET);
    assertThat(end.stream()).isEqualTo(stream);
    found("example.org", 60, "1.2.3.4");
    ask("example.org.", Type.A);
    assertThat(addresses(answer())).containsExactly("1.2.3.4");
  }
}
