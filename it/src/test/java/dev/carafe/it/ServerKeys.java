package dev.carafe.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * The key of test servers, and a certificate for all their names that nobody else trusts.
 *
 * @param certificate what servers with it must be verified with, PEM
 */
record ServerKeys(KeyManagerFactory managers, Path certificate) {

  static ServerKeys make(Path directory, String... names) throws Exception {
    Path store = directory.resolve("servers.p12");
    Process keytool =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                    "-genkeypair",
                    "-alias",
                    "servers",
                    "-keyalg",
                    "EC",
                    "-groupname",
                    "secp256r1",
                    "-dname",
                    "CN=the tests' servers",
                    "-ext",
                    "san=dns:" + String.join(",dns:", names),
                    "-keystore",
                    store.toString(),
                    "-storepass",
                    "changeit"))
            .inheritIO()
            .start();
    if (keytool.waitFor() != 0) {
      throw new IOException("keytool failed");
    }
    char[] password = "changeit".toCharArray();
    KeyStore keys = KeyStore.getInstance(store.toFile(), password);
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, password);
    Path certificate = directory.resolve("servers.pem");
    Files.writeString(
        certificate,
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(keys.getCertificate("servers").getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    return new ServerKeys(managers, certificate);
  }

  SSLContext tls() throws Exception {
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    return tls;
  }
}
