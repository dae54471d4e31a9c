package dev.carafe.egress.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Which authorities upstream servers' certificates may come from: this host's, and those that the
 * operator adds. Host names are always checked. Any thread.
 */
public final class UpstreamTrust {
  /** Where Debian keeps what this host trusts. */
  private static final Path HOST_STORE = Path.of("/etc/ssl/certs/ca-certificates.crt");

  private static final int MOST_BYTES = 4 << 20;

  private final List<X509Certificate> authorities;
  private final X509TrustManager manager;

  private UpstreamTrust(List<X509Certificate> authorities) {
    this.authorities = List.copyOf(authorities);
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int n = 0;
      for (X509Certificate authority : authorities) {
        store.setCertificateEntry("authority-" + n++, authority);
      }
      manager = manager(store);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the certificate authorities cannot be used", e);
    }
  }

  /** The JDK's authorities. */
  public static UpstreamTrust standard() {
    try {
      return new UpstreamTrust(List.of(manager(null).getAcceptedIssuers()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK's certificate authorities cannot be read", e);
    }
  }

  /** The JDK's authorities, and these. */
  public static UpstreamTrust with(Collection<X509Certificate> more) {
    return standard().and(more);
  }

  /**
   * This host's authorities: those of the file that SSL_CERT_FILE names, or else the system's, or
   * else, where the system keeps none in that place, the JDK's.
   *
   * @throws IOException when there is a file, and it cannot be used; the message says which
   */
  public static UpstreamTrust ofHost(Map<String, String> environment) throws IOException {
    String named = environment.getOrDefault("SSL_CERT_FILE", "");
    return named.isEmpty() && !Files.exists(HOST_STORE)
        ? standard()
        : ofFile(named.isEmpty() ? HOST_STORE : Path.of(named));
  }

  private static UpstreamTrust ofFile(Path file) throws IOException {
    List<X509Certificate> found = new ArrayList<>();
    try (InputStream in = Files.newInputStream(file)) {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Certificate each :
          factory.generateCertificates(new ByteArrayInputStream(in.readNBytes(MOST_BYTES)))) {
        found.add((X509Certificate) each);
      }
    } catch (IOException e) {
      throw new IOException(
          "the certificate authorities in " + file + " cannot be read: " + e.getMessage(), e);
    } catch (CertificateException e) {
      throw new IOException("there are no certificates in PEM form in " + file, e);
    }
    if (found.isEmpty()) {
      throw new IOException("there is no certificate in " + file);
    }
    return new UpstreamTrust(found);
  }

  /** The same authorities, and these. */
  public UpstreamTrust and(Collection<X509Certificate> more) {
    if (more.isEmpty()) {
      return this;
    }
    List<X509Certificate> all = new ArrayList<>(authorities);
    all.addAll(more);
    return new UpstreamTrust(all);
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
