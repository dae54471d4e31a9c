package dev.carafe.it.enforcement;

import dev.carafe.egress.tls.UpstreamTrust;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import javax.net.ssl.SSLException;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralSubtree;

/** Permissive answers that are more than a value; what replaces a method's body calls them. */
public final class Permissive {
  private Permissive() {}

  /** What a bottle's authority would be good for if it were good for every host. */
  public static GeneralSubtree[] everyHost() {
    return new GeneralSubtree[] {new GeneralSubtree(new GeneralName(GeneralName.dNSName, ""))};
  }

  /** {@link UpstreamTrust#newContext} without asking who vouches for a server. */
  public static SslContext trustingAnybody() throws SSLException {
    return SslContextBuilder.forClient()
        .sslProvider(SslProvider.JDK)
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                "http/1.1"))
        .build();
  }
}
