package dev.carafe.bottle;

import dev.carafe.bottle.provision.GuestCommands;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  private static final String OWN = "/usr/local/share/ca-certificates/carafe.crt";

  /** Where distributions keep all certificates in one file, or what such a file is a link to. */
  private static final List<String> STORES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "/etc/ssl/ca-bundle.pem",
          "/var/lib/ca-certificates/ca-bundle.pem",
          "/etc/ssl/cert.pem");

  /** Around what {@link #INSTALL} puts into such a file. */
  private static final String BEGIN = "# carafe: this machine's own certificate\n";

  private static final String END = "# carafe: end\n";

  /** A certificate on its own, as the distribution's own tool puts ours there. */
  private static final Pattern CERTIFICATES =
      Pattern.compile(
          "-----BEGIN CERTIFICATE-----\\n([A-Za-z0-9+/=\\n]{1,16384}+)-----END CERTIFICATE-----\\n");

  /** Whom every certificate of ours names; nobody else's does. */
  private static final String SUBJECT = "Carafe bottle egress";

  /** What OpenSSL calls files with our subject's name, which is the same for every bottle. */
  static final String HASHED = "/etc/ssl/certs/6ea7da84.0";

  /** What the distribution's own tool makes of {@link #OWN}. */
  private static final Set<String> DERIVED =
      Set.of("/etc/ssl/certs/carafe.pem", "/etc/ssl/certs/6ea7da84.1");

  /**
   * The first of the places where distributions keep all certificates in one file is made to hold
   * ours too, between two marks. Every program that is run for it costs an emulated guest a tenth
   * of a second, and a launch waits for it: so where nothing of ours is found, it is only appended,
   * by the shell itself.
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
      umask 022
      hashed=$1
      ca=$2
      dir=/etc/carafe
      mark='# carafe: this machine'"'"'s own certificate'
      store=
      for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
          /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        if [ -e "$file" ]; then store=$file; break; fi
      done
      own=/usr/local/share/ca-certificates/carafe.crt
      if [ -d /etc/ssl/certs ] && [ ! -L "$hashed" ] && [ ! -e "$own" ]; then
        if [ -n "$store" ]; then
          printf '\\n%s\\n%s# carafe: end\\n' "$mark" "$ca" >>"$store"
          [ "$dir/bundle.crt" -ef "$store" ] || ln -sf "$store" "$dir/bundle.crt"
        else
          rm -f "$dir/bundle.crt"
          printf '%s' "$ca" >"$dir/bundle.crt"
        fi
      else
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
        { cat "$dir/system.crt"; printf '%s\\n%s# carafe: end\\n' "$mark" "$ca"; } >"$dir/.bundle"
        mv "$dir/.bundle" "$dir/bundle.crt"
        rm "$dir/system.crt"
        if [ -n "$store" ]; then
          cp "$dir/bundle.crt" "$store.carafe"
          mv "$store.carafe" "$store"
        fi
      fi
      if [ -d "${own%/*}" ]; then printf '%s' "$ca" >"$own"; fi
      if [ -d /etc/ssl/certs ] && [ ! -L "$hashed" ]; then ln -s "$dir/ca.crt" "$hashed"; fi
      """;

  private final String pem;
  private final byte[] javaStore;

  private GuestTrust(String pem, byte[] javaStore) {
    this.pem = pem;
    this.javaStore = javaStore;
  }

  /**
   * What makes a guest trust a certificate.
   *
   * @param pem the certificate
   * @throws MachineException when this JDK cannot make a store of it
   */
  static GuestTrust of(String pem) {
    try {
      return new GuestTrust(pem, javaStore(pem));
    } catch (IOException | GeneralSecurityException e) {
      throw new MachineException(
          ErrorCode.HOST,
          "make a store of certificates for Java",
          "this JDK: " + e.getMessage(),
          e);
    }
  }

  /** The certificate. */
  String pem() {
    return pem;
  }

  /** The same without the certificate, which is no business of an image that is made of it. */
  static FreezeSpec leftOut(FreezeSpec spec) {
    Set<String> paths = new HashSet<>(spec.leftOut());
    paths.addAll(Set.of(DIRECTORY, OWN, HASHED));
    paths.addAll(DERIVED);
    FreezeSpec all = new FreezeSpec(paths, spec.rewritten());
    for (String store : STORES) {
      all = all.rewriting(store, GuestTrust::withoutOurs);
    }
    return all;
  }

  /** In one pass, whatever is in it: the guest may have written it. */
  private static byte[] withoutOurs(byte[] store) {
    String text = new String(store, StandardCharsets.ISO_8859_1);
    StringBuilder kept = new StringBuilder(text.length());
    int from = 0;
    while (true) {
      int begin = text.indexOf(BEGIN, from);
      int end = begin < 0 ? -1 : text.indexOf(END, begin);
      if (end < 0) {
        break;
      }
      kept.append(text, from, begin);
      if (kept.length() > 1 && kept.indexOf("\n\n", kept.length() - 2) >= 0) {
        kept.setLength(kept.length() - 1);
      }
      from = end + END.length();
    }
    kept.append(text, from, text.length());
    return CERTIFICATES
        .matcher(kept)
        .replaceAll(found -> isOurs(found) ? "" : Matcher.quoteReplacement(found.group()))
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static boolean isOurs(MatchResult certificate) {
    try {
      byte[] der = Base64.getMimeDecoder().decode(certificate.group(1));
      return new String(der, StandardCharsets.ISO_8859_1).contains(SUBJECT);
    } catch (IllegalArgumentException e) {
      return false; // no certificate at all
    }
  }

  /**
   * Puts it into a running guest.
   *
   * @throws MachineException when that is not possible
   */
  void install(Machine machine) {
    String attempted = "make machine '" + machine.name() + "' trust its sidecar";
    try {
      // What a killed process leaves there goes away with the machine's run.
      Path files = Files.createTempDirectory(machine.sockets(), "trust");
      try {
        Files.setPosixFilePermissions(files, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(files.resolve("ca.crt"), pem);
        Files.write(files.resolve("trust.jks"), javaStore);
        // A link costs nothing here, and a program's start there; it is right nearly everywhere.
        Files.createSymbolicLink(files.resolve("bundle.crt"), Path.of(STORES.getFirst()));
        machine.copyIn(files, DIRECTORY, CopyOptions.DEFAULT.withMode(0644));
      } finally {
        for (String name : new String[] {"ca.crt", "trust.jks", "bundle.crt"}) {
          Files.deleteIfExists(files.resolve(name));
        }
        Files.delete(files);
      }
    } catch (IOException e) {
      throw new MachineException(
          ErrorCode.HOST, attempted, "a temporary file: " + e.getMessage(), e);
    }
    ExecResult result = GuestCommands.ask(machine, "0", INSTALL, List.of(HASHED, pem));
    if (result.exitCode() != 0) {
      throw new MachineException(
          ErrorCode.GUEST,
          attempted,
          GuestCommands.said(result)
              + "; its image needs sh, ln, sed, cat, cp, mv, rm and readlink");
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
