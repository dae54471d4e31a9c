package dev.carafe.bench;

import dev.carafe.egress.Egress;
import dev.carafe.egress.EgressOptions;
import dev.carafe.egress.Listen;
import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditOptions;
import dev.carafe.egress.proxy.AddressRules;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.tls.UpstreamTrust;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * The egress proxy as {@code carafe egress serve} starts it, but what stands for all servers stands
 * for a port of one's choice: a server on port 443 would need root. So tools that know no proxy can
 * be used.
 */
final class EgressProcess {
  private EgressProcess() {}

  /**
   * @param words the routes file; where to listen; the port that this stands for; the audit's file
   */
  public static void main(String[] words) throws Exception {
    RouteTable table =
        RouteTable.open(
            Path.of(words[0]),
            SecretSources.of(System.getenv(), note -> {}),
            event -> System.err.println(event.text()));
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(words[1]));
    EgressOptions options =
        new EgressOptions()
            .routes(table)
            .audit(Audit.open(AuditOptions.of(Path.of(words[3]))))
            .addresses(
                AddressRules.standard()
                    .and(table.current().allow().stream().map(Object::toString).toList()))
            .trust(UpstreamTrust.with(table.current().authorities()))
            .environment(Map.of())
            .resolver(host -> List.of(InetAddress.getLoopbackAddress()))
            .listen(new Listen(Listen.Kind.TLS, address, Integer.parseInt(words[2])));
    try (Egress egress = Egress.start(options)) {
      table.watch();
      new CountDownLatch(1).await();
    }
  }
}
