package dev.carafe.egress.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Which authorities upstream servers' certificates may come from: the JDK's, and those that the
 * operator adds. Host names are always checked. Any thread.
 */
public final class UpstreamTrust {
  private final X509TrustManager manager;
  private final List<X509Certificate> own;

  private UpstreamTrust(X509TrustManager manager, Collection<X509Certificate> own) {
    this.own = List.copyOf(own);
    this.manager = manager;
  }

  /** The JDK's authorities. */
  public static UpstreamTrust standard() {
    return with(List.of());
  }

  /** The JDK's authorities, and these. */
  public static UpstreamTrust with(Collection<X509Certificate> more) {
    try {
      KeyStore store = null;
      if (!more.isEmpty()) {
        store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int n = 0;
        for (X509Certificate known : manager(null).getAcceptedIssuers()) {
          store.setCertificateEntry("known-" + n++, known);
        }
        for (X509Certificate own : more) {
          store.setCertificateEntry("own-" + n++, own);
        }
      }
      return new UpstreamTrust(manager(store), more);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the host's certificate authorities cannot be read", e);
    }
  }

  /** The same authorities, and these. */
  public UpstreamTrust and(Collection<X509Certificate> more) {
    List<X509Certificate> all = new ArrayList<>(own);
    all.addAll(more);
    return with(all);
  }

  private static X509TrustManager manager(KeyStore store) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager one : factory.getTrustManagers()) {
      if (one instanceof X509TrustManager x509) {
        return x509;
      }
    }
    throw new GeneralSecurityException("no X.509 trust manager");
  }

  /**
   * A client's side of TLS with a session cache of its own, so that what uses one context is never
   * recognised as what uses another.
   *
   * @param http2 whether HTTP/2 is offered beside HTTP/1.1
   */
  public SslContext newContext(boolean http2) throws SSLException {
    List<String> protocols = http2 ? List.of("h2", "http/1.1") : List.of("http/1.1");
    return SslContextBuilder.forClient()
        .sslProvider(SslProvider.JDK)
        .protocols("TLSv1.3", "TLSv1.2")
        .trustManager(manager)
        .endpointIdentificationAlgorithm("HTTPS")
        .sessionCacheSize(32)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                protocols))
        .build();
  }
}
