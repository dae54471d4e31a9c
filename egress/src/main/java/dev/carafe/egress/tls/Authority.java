package dev.carafe.egress.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A bottle's own certificate authority, so that TLS can end at the proxy. Its keys are on P-256,
 * exist only in this object, and are never written anywhere. Its certificate lives for days, and is
 * good only for the hosts that it was made for (RFC 5280, 4.2.1.10): stolen or not, it says nothing
 * about any other host. All servers' certificates share one key; the last few hundred are kept.
 *
 * <p>When the hosts change, the certificate is made anew with the same key and name; what trusts
 * the old one goes on to work for the hosts it knew. Any thread; making a certificate takes about a
 * millisecond of computing.
 */
public final class Authority {
  /** How long before now certificates begin, for guests whose clock is behind. */
  public static final Duration BEFORE = Duration.ofHours(1);

  private static final int KEPT = 256;
  private static final X500Name NAME = new X500Name("CN=Carafe bottle egress");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Clock clock;
  private final Duration life;
  private final KeyPair key = newKey();
  private final KeyPair serverKey = newKey();
  private final Map<String, Issued> issued =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Issued> eldest) {
          return size() > KEPT;
        }
      };
  private Set<String> hosts;
  private X509Certificate certificate;

  private record Issued(SslContext context, Instant until) {}

  /**
   * @param hosts names that certificates may be made for; {@code *.} before one stands for all
   *     below it
   * @param life how long certificates are good
   */
  public Authority(Collection<String> hosts, Duration life, Clock clock) {
    this.clock = clock;
    this.life = life;
    this.hosts = new TreeSet<>(hosts);
    this.certificate = makeOwn();
  }

  private static KeyPair newKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no P-256", e);
    }
  }

  /** The certificate that guests must trust. */
  public synchronized X509Certificate certificate() {
    return certificate;
  }

  /** The same as PEM text. */
  public String pem() {
    try {
      return "-----BEGIN CERTIFICATE-----\n"
          + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate().getEncoded())
          + "\n-----END CERTIFICATE-----\n";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a certificate has no encoding", e);
    }
  }

  /** From now on these hosts: makes the certificate anew if it covers others, or is half over. */
  public synchronized void cover(Collection<String> hosts) {
    Set<String> wanted = new TreeSet<>(hosts);
    Instant half = clock.instant().plus(life.dividedBy(2));
    if (!wanted.equals(this.hosts) || certificate.getNotAfter().toInstant().isBefore(half)) {
      this.hosts = wanted;
      certificate = makeOwn();
      issued.clear();
    }
  }

  /**
   * The server's side of TLS for a host, HTTP/2 and HTTP/1.1.
   *
   * @throws IllegalArgumentException if the host is none of those it is made for
   */
  public synchronized SslContext contextFor(String host) throws IOException {
    Instant now = clock.instant();
    Issued known = issued.get(host);
    if (known != null && known.until().isAfter(now)) {
      return known.context();
    }
    if (!covers(host)) {
      throw new IllegalArgumentException("no certificate may be made for " + host);
    }
    SslContext context =
        SslContextBuilder.forServer(serverKey.getPrivate(), makeFor(host), certificate)
            .sslProvider(SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .sessionCacheSize(64)
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    "h2",
                    "http/1.1"))
            .build();
    issued.put(host, new Issued(context, now.plus(life.dividedBy(2))));
    return context;
  }

  private boolean covers(String host) {
    for (String pattern : hosts) {
      if (pattern.startsWith("*.") ? host.endsWith(pattern.substring(1)) : host.equals(pattern)) {
        return true;
      }
    }
    return false;
  }

  private X509Certificate makeOwn() {
    try {
      GeneralSubtree[] excluded = {
        new GeneralSubtree(new GeneralName(GeneralName.iPAddress, new DEROctetString(new byte[8]))),
        new GeneralSubtree(new GeneralName(GeneralName.iPAddress, new DEROctetString(new byte[32])))
      };
      X509v3CertificateBuilder builder =
          begin(NAME, key)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.nameConstraints, true, new NameConstraints(permitted(), excluded));
      return sign(builder);
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("the bottle's certificate authority cannot be made", e);
    }
  }

  /** The hosts that it is good for, and what is below them; of none it is good for nothing. */
  private GeneralSubtree[] permitted() {
    return (hosts.isEmpty() ? Set.of("invalid") : hosts)
        .stream()
            .map(host -> host.startsWith("*.") ? host.substring(2) : host)
            .distinct()
            .map(host -> new GeneralSubtree(new GeneralName(GeneralName.dNSName, host)))
            .toArray(GeneralSubtree[]::new);
  }

  private X509Certificate makeFor(String host) throws IOException {
    try {
      // The name is only in the alternative names: a subject's may be at most 64 characters.
      X509v3CertificateBuilder builder =
          begin(new X500Name("O=Carafe bottle egress"), serverKey)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(key.getPublic()))
              .addExtension(
                  Extension.subjectAlternativeName,
                  false,
                  new GeneralNames(new GeneralName(GeneralName.dNSName, host)));
      return sign(builder);
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("no certificate could be made for " + host, e);
    }
  }

  private X509v3CertificateBuilder begin(X500Name subject, KeyPair subjectKey)
      throws IOException, GeneralSecurityException {
    Instant now = clock.instant();
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            NAME,
            new BigInteger(120, RANDOM).setBit(119),
            Date.from(now.minus(BEFORE)),
            Date.from(now.plus(life)),
            subject,
            subjectKey.getPublic());
    return builder.addExtension(
        Extension.subjectKeyIdentifier,
        false,
        new JcaX509ExtensionUtils().createSubjectKeyIdentifier(subjectKey.getPublic()));
  }

  private X509Certificate sign(X509v3CertificateBuilder builder)
      throws GeneralSecurityException, OperatorCreationException {
    ContentSigner signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate());
    return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
  }
}
