package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Names as this host knows them: its file of hosts first, then its name servers, one after the
 * other, over UDP and when an answer does not fit over TCP. Both files are read anew for each name,
 * so that a host that has moved is followed. What a server says is not trusted: of its answer only
 * the chain from the name that was asked for counts.
 */
final class HostNames implements Upstream {
  private static final Duration PATIENCE = Duration.ofSeconds(3);
  private static final int MOST_SERVERS = 3;
  private static final int MOST_ALIASES = 16;
  private static final int MOST_ADDRESSES = 32;
  private static final long MOST_FILE_BYTES = 4 << 20;
  private static final long FILE_SECONDS = 60;

  private final Path hosts;
  private final Path servers;
  private final int port;

  HostNames(Path hosts, Path servers, int port) {
    this.hosts = hosts;
    this.servers = servers;
    this.port = port;
  }

  @Override
  public void lookup(String name, boolean six, Consumer<Answer> done) {
    List<byte[]> written = fromFile(name);
    if (!written.isEmpty()) {
      done.accept(Answer.found(ofKind(written, six), FILE_SECONDS));
      return;
    }
    Message query;
    try {
      Name absolute = Name.fromString(name + ".");
      query = Message.newQuery(Record.newRecord(absolute, six ? Type.AAAA : Type.A, DClass.IN));
    } catch (TextParseException e) {
      done.accept(Answer.UNKNOWN);
      return;
    }
    ask(query, addresses(), 0, done);
  }

  private void ask(Message query, List<InetAddress> all, int next, Consumer<Answer> done) {
    if (next >= all.size()) {
      done.accept(Answer.FAILED);
      return;
    }
    SimpleResolver resolver = new SimpleResolver(new InetSocketAddress(all.get(next), port));
    resolver.setTimeout(PATIENCE);
    resolver
        .sendAsync(query)
        .whenComplete(
            (answer, failure) -> {
              Answer read = failure == null ? read(query, answer) : Answer.FAILED;
              if (read.kind() == Answer.Kind.FAILED) {
                ask(query, all, next + 1, done);
              } else {
                done.accept(read);
              }
            });
  }

  /** Follows the aliases from the name that was asked for. */
  private static Answer read(Message query, Message answer) {
    if (answer.getRcode() == Rcode.NXDOMAIN) {
      return Answer.UNKNOWN;
    }
    if (answer.getRcode() != Rcode.NOERROR) {
      return Answer.FAILED;
    }
    Name name = query.getQuestion().getName();
    int type = query.getQuestion().getType();
    long seconds = Long.MAX_VALUE;
    for (int i = 0; i < MOST_ALIASES; i++) {
      List<byte[]> addresses = new ArrayList<>();
      Name alias = null;
      for (Record record : answer.getSection(Section.ANSWER)) {
        if (!record.getName().equals(name) || record.getDClass() != DClass.IN) {
          continue;
        }
        if (record instanceof CNAMERecord found) {
          alias = found.getTarget();
          seconds = Math.min(seconds, record.getTTL());
        } else if (record.getType() == type && addresses.size() < MOST_ADDRESSES) {
          seconds = Math.min(seconds, record.getTTL());
          if (record instanceof ARecord found) {
            addresses.add(found.getAddress().getAddress());
          } else if (record instanceof AAAARecord found) {
            addresses.add(found.getAddress().getAddress());
          }
        }
      }
      if (!addresses.isEmpty() || alias == null) {
        return Answer.found(addresses, seconds == Long.MAX_VALUE ? 0 : seconds);
      }
      name = alias;
    }
    return Answer.FAILED;
  }

  private static List<byte[]> ofKind(List<byte[]> all, boolean six) {
    return all.stream().filter(address -> address.length == (six ? 16 : 4)).toList();
  }

  /** All addresses that the file of hosts has for the name. */
  private List<byte[]> fromFile(String name) {
    List<byte[]> found = new ArrayList<>();
    for (String line : lines(hosts)) {
      String[] words = words(line);
      byte[] address = words.length < 2 ? null : Cidr.literal(words[0]);
      for (int i = 1; address != null && i < words.length; i++) {
        if (words[i].toLowerCase(Locale.ROOT).equals(name) && found.size() < MOST_ADDRESSES) {
          found.add(address);
          break;
        }
      }
    }
    return found;
  }

  private List<InetAddress> addresses() {
    List<InetAddress> all = new ArrayList<>();
    for (String line : lines(servers)) {
      String[] words = words(line);
      if (words.length >= 2 && words[0].equals("nameserver") && all.size() < MOST_SERVERS) {
        try {
          // The zone of a link-local address stays: it says through which device.
          all.add(InetAddress.ofLiteral(words[1]));
        } catch (IllegalArgumentException e) {
          // Not an address: other resolvers leave such a line out, too.
        }
      }
    }
    return all;
  }

  private static String[] words(String line) {
    int comment = line.indexOf('#');
    return (comment < 0 ? line : line.substring(0, comment)).strip().split("[ \t]+");
  }

  private static List<String> lines(Path file) {
    try {
      return Files.size(file) > MOST_FILE_BYTES ? List.of() : Files.readAllLines(file);
    } catch (IOException e) {
      return List.of(); // as if it were empty
    }
  }
}
