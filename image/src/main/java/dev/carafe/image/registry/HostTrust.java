package dev.carafe.image.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Trusts what Java trusts and what the host trusts: a company's own authority is installed on the
 * host, and a JDK from elsewhere than the distribution does not see it.
 */
final class HostTrust {
  private static final Path BUNDLE = Path.of("/etc/ssl/certs/ca-certificates.crt");

  private HostTrust() {}

  static SSLContext context(Map<String, String> environment) throws RegistryException {
    String named = environment.get("SSL_CERT_FILE");
    Path bundle = named == null || named.isEmpty() ? BUNDLE : Path.of(named);
    try {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      int count = 0;
      for (X509Certificate each : ofJava()) {
        trusted.setCertificateEntry(Integer.toString(count++), each);
      }
      if (Files.isReadable(bundle)) {
        try (InputStream in = Files.newInputStream(bundle)) {
          for (Certificate each :
              CertificateFactory.getInstance("X.509").generateCertificates(in)) {
            trusted.setCertificateEntry(Integer.toString(count++), each);
          }
        }
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new RegistryException("the certificates in " + bundle + " cannot be read", e);
    }
  }

  private static X509Certificate[] ofJava() throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        return x509.getAcceptedIssuers();
      }
    }
    return new X509Certificate[0];
  }
}
