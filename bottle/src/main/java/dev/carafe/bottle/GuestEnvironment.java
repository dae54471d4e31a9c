package dev.carafe.bottle;

import dev.carafe.machine.Services;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What programs in a machine with a sidecar are told by their environment: where the proxy is, and
 * whom to trust. It is the same for every machine, and no secret.
 */
public final class GuestEnvironment {
  /** The proxy's port at {@link Services#ADDRESS}. */
  public static final int PROXY_PORT = 9099;

  private static final String PROXY = "http://" + Services.ADDRESS + ":" + PROXY_PORT;
  private static final String DIRECT = "localhost,127.0.0.1,::1," + Services.ADDRESS;

  private GuestEnvironment() {}

  /** The variables, to be set before those that a user gives. */
  public static Map<String, String> variables() {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String name : new String[] {"HTTP_PROXY", "HTTPS_PROXY"}) {
      variables.put(name, PROXY);
      variables.put(name.toLowerCase(java.util.Locale.ROOT), PROXY);
    }
    variables.put("NO_PROXY", DIRECT);
    variables.put("no_proxy", DIRECT);
    // Node before 24 does not read the variables above, unless told to.
    variables.put("NODE_USE_ENV_PROXY", "1");
    // Node adds this to its own certificates; the others take theirs from the file they are given.
    variables.put("NODE_EXTRA_CA_CERTS", GuestTrust.CERTIFICATE);
    for (String name :
        new String[] {
          "SSL_CERT_FILE",
          "REQUESTS_CA_BUNDLE",
          "CURL_CA_BUNDLE",
          "GIT_SSL_CAINFO",
          "CARGO_HTTP_CAINFO",
          "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
        }) {
      variables.put(name, GuestTrust.BUNDLE);
    }
    variables.put("JAVA_TOOL_OPTIONS", java());
    return variables;
  }

  private static String java() {
    StringBuilder options = new StringBuilder();
    for (String scheme : new String[] {"http", "https"}) {
      options.append("-D").append(scheme).append(".proxyHost=").append(Services.ADDRESS);
      options.append(" -D").append(scheme).append(".proxyPort=").append(PROXY_PORT).append(' ');
    }
    return options
        .append("-Dhttp.nonProxyHosts=localhost|127.*|[::1]|")
        .append(Services.ADDRESS)
        .append(" -Djavax.net.ssl.trustStore=")
        .append(GuestTrust.JAVA_STORE)
        .append(" -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStorePassword=")
        .append(GuestTrust.JAVA_PASSWORD)
        .toString();
  }
}
