package dev.carafe.egress;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** The authority that the tests' servers have their certificates from. */
public final class TestCertificates {
  private static final X500Name NAME = new X500Name("CN=the tests' authority");

  private final KeyPair key;
  private final X509Certificate certificate;

  public TestCertificates() throws Exception {
    key = newKey();
    certificate =
        new JcaX509CertificateConverter()
            .getCertificate(
                builder(NAME, key)
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate())));
  }

  private static KeyPair newKey() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(256);
    return generator.generateKeyPair();
  }

  private static JcaX509v3CertificateBuilder builder(X500Name subject, KeyPair key) {
    Instant now = Instant.now();
    return new JcaX509v3CertificateBuilder(
        NAME,
        new BigInteger(64, new SecureRandom()),
        Date.from(now.minusSeconds(60)),
        Date.from(now.plusSeconds(86_400)),
        subject,
        key.getPublic());
  }

  public X509Certificate certificate() {
    return certificate;
  }

  /** A server's side of TLS for these names. */
  public SslContext server(List<String> protocols, String... hosts) throws Exception {
    KeyPair serverKey = newKey();
    GeneralName[] names = new GeneralName[hosts.length];
    for (int i = 0; i < hosts.length; i++) {
      names[i] = new GeneralName(GeneralName.dNSName, hosts[i]);
    }
    X509Certificate server =
        new JcaX509CertificateConverter()
            .getCertificate(
                builder(new X500Name("CN=a server"), serverKey)
                    .addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names))
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate())));
    return SslContextBuilder.forServer(serverKey.getPrivate(), server)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                protocols))
        .build();
  }
}
