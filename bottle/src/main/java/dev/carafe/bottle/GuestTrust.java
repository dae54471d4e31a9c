package dev.carafe.bottle;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Makes a guest trust its sidecar's certificates. The certificate goes to a place of its own, into
 * the system's store (so that programs which look nowhere else find it), into a bundle of both, and
 * into a store for Java. Doing it again replaces what was put there before. All of it is public.
 */
final class GuestTrust {
  private static final String DIRECTORY = "/etc/carafe";
  static final String CERTIFICATE = DIRECTORY + "/ca.crt";
  static final String BUNDLE = DIRECTORY + "/bundle.crt";
  static final String JAVA_STORE = DIRECTORY + "/trust.jks";

  /** Everybody's: the store is not secret, but Java reads none without. */
  static final String JAVA_PASSWORD = "changeit";

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /**
   * The first of the places where distributions keep all certificates in one file is made to hold
   * ours too, between two marks. OpenSSL looks up single files by a hash of the subject's name.
   *
   * <p>The distribution's own tool, when a package has it run, writes that file without the marks
   * and with what lies in {@code /usr/local/share}: so the certificate that lies there is taken
   * out, too. If it stayed, programs would find it before the new one, which has the same name, and
   * believe that the new one's hosts are not covered. The file is replaced at once, because others
   * may be reading it.
   */
  private static final String INSTALL =
      """
      set -eu
      dir=/etc/carafe
      mark='# carafe: this machine'"'"'s own certificate'
      store=
      for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
          /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        if [ -e "$file" ]; then store=$file; break; fi
      done
      own=/usr/local/share/ca-certificates/carafe.crt
      old=
      if [ -e "$own" ]; then old=$(sed -n 3p "$own"); fi
      if [ -n "$store" ]; then
        store=$(readlink -f "$store")
        sed "/^$mark\\$/,/^# carafe: end\\$/d" "$store" |
          sed -n "/^-----BEGIN CERTIFICATE/{
            :more
            /-----END CERTIFICATE-----/!{
              N
              b more
            }
            \\,\\n${old:-no such line}\\n,d
          }
          p" >"$dir/system.crt"
      else
        : >"$dir/system.crt"
      fi
      { cat "$dir/system.crt"; echo "$mark"; cat "$dir/ca.crt"; echo '# carafe: end'; } >"$dir/.bundle"
      mv "$dir/.bundle" "$dir/bundle.crt"
      rm "$dir/system.crt"
      if [ -n "$store" ]; then
        cp "$dir/bundle.crt" "$store.carafe"
        mv "$store.carafe" "$store"
      fi
      if [ -d "${own%/*}" ]; then cp "$dir/ca.crt" "$own"; fi
      if [ -d /etc/ssl/certs ] && command -v openssl >/dev/null; then
        hash=$(openssl x509 -hash -noout -in "$dir/ca.crt")
        ln -sf "$dir/ca.crt" "/etc/ssl/certs/$hash.0"
      fi
      """;

  /** Takes back what {@link #INSTALL} has done, for a machine whose disk others will have. */
  private static final String UNINSTALL =
      """
      set -eu
      mark='# carafe: this machine'"'"'s own certificate'
      for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
          /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        if [ -e "$file" ]; then
          store=$(readlink -f "$file")
          sed "/^$mark\\$/,/^# carafe: end\\$/d" "$store" >"$store.carafe"
          mv "$store.carafe" "$store"
          break
        fi
      done
      if [ -d /etc/ssl/certs ]; then
        for link in /etc/ssl/certs/*.0; do
          if [ "$(readlink "$link")" = /etc/carafe/ca.crt ]; then rm "$link"; fi
        done
      fi
      rm -rf /etc/carafe /usr/local/share/ca-certificates/carafe.crt
      """;

  private GuestTrust() {}

  /** Where it puts files of its own: no business of an image that is made of the machine. */
  static Set<String> paths() {
    return Set.of(DIRECTORY, "/usr/local/share/ca-certificates/carafe.crt");
  }

  /**
   * Takes the certificate away again.
   *
   * @throws MachineException when that is not possible
   */
  static void uninstall(Machine machine) {
    run(
        machine,
        UNINSTALL,
        "take the sidecar's certificate out of machine '" + machine.name() + "'");
  }

  /**
   * Installs a certificate.
   *
   * @param pem the certificate, PEM
   * @throws MachineException when that is not possible
   */
  static void install(Machine machine, String pem) {
    String attempted = "make machine '" + machine.name() + "' trust its sidecar";
    try {
      Path files = Files.createTempDirectory("carafe-trust-");
      try {
        Path certificate = Files.writeString(files.resolve("ca.crt"), pem);
        Path java = Files.write(files.resolve("trust.jks"), javaStore(pem));
        CopyOptions readable = CopyOptions.DEFAULT.withMode(0644);
        machine.copyIn(certificate, CERTIFICATE, readable);
        machine.copyIn(java, JAVA_STORE, readable);
      } finally {
        for (String name : new String[] {"ca.crt", "trust.jks"}) {
          Files.deleteIfExists(files.resolve(name));
        }
        Files.delete(files);
      }
    } catch (IOException e) {
      throw new MachineException(
          ErrorCode.HOST, attempted, "a temporary file: " + e.getMessage(), e);
    } catch (GeneralSecurityException e) {
      throw new MachineException(ErrorCode.HOST, attempted, "this JDK: " + e.getMessage(), e);
    }
    run(machine, INSTALL, attempted);
  }

  private static void run(Machine machine, String script, String attempted) {
    ExecResult result =
        machine.run(
            ExecSpec.of("/bin/sh", "-c", script)
                .withUser("0")
                .withDirectory("/")
                .withTimeout(LIMIT));
    if (result.exitCode() != 0) {
      String said = result.err().strip();
      throw new MachineException(
          ErrorCode.GUEST,
          attempted,
          "exit code "
              + result.exitCode()
              + (said.isEmpty() ? "" : ": " + said.substring(Math.max(0, said.length() - 500)))
              + "; its image needs sh, sed, cat, cp, mv, rm and readlink");
    }
  }

  /** What this JDK trusts, and the certificate; in the one form that every Java reads. */
  private static byte[] javaStore(String pem) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("JKS");
    store.load(null, null);
    X509Certificate ours =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    store.setCertificateEntry("carafe", ours);
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager trusting) {
        int number = 0;
        for (X509Certificate known : trusting.getAcceptedIssuers()) {
          store.setCertificateEntry("host-" + number++, known);
        }
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    store.store(bytes, JAVA_PASSWORD.toCharArray());
    return bytes.toByteArray();
  }
}
