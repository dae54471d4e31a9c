package dev.carafe.bottle.policy;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.manifest.EnvValue;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The environment that a manifest gives the agent. No credential of a route is ever in it: neither
 * the variable that a route takes it from, nor its value, also when that stands within another
 * value. Credentials for which a program or the keyring has to be asked are compared by their
 * reference only: they are not fetched here.
 *
 * <p>No message has a value in it.
 */
public final class BottleEnv {
  /** Asks the operator. */
  public interface Operator {
    /**
     * Asks for a variable's value; blocks until there is an answer.
     *
     * @param question as the manifest puts it
     */
    String ask(String variable, String question);
  }

  private final String bottle;
  private final Map<String, EnvValue> declared;
  private final BottlePolicy policy;
  private final SecretSources sources;

  /**
   * @param bottle its name, for messages
   * @param declared as the manifest has it
   * @param sources where this host's variables and the routes' credentials are looked up
   */
  public BottleEnv(
      String bottle, Map<String, EnvValue> declared, BottlePolicy policy, SecretSources sources) {
    this.bottle = bottle;
    this.declared = Collections.unmodifiableMap(new LinkedHashMap<>(declared));
    this.policy = policy;
    this.sources = sources;
  }

  /**
   * What keeps {@link #resolve} from giving an environment, as far as it can be known before the
   * operator is asked: sentences.
   *
   * @param operator whether there is somebody to ask
   */
  public List<String> problems(boolean operator) {
    List<String> sentences = new ArrayList<>();
    Map<String, String> known = new LinkedHashMap<>();
    declared.forEach(
        (name, value) -> {
          switch (value) {
            case EnvValue.Literal literal -> known.put(name, literal.value());
            case EnvValue.FromHost host -> fromHost(name, host, known, sentences);
            case EnvValue.Prompt prompt -> {
              if (!operator) {
                sentences.add(
                    "the variable "
                        + name
                        + " of bottle '"
                        + bottle
                        + "' is to be asked for ("
                        + prompt.question()
                        + "), and there is nobody to ask; start it in a terminal, or give the"
                        + " variable a value in the bottle's file");
              }
            }
          }
        });
    sentences.addAll(credentials(known));
    return sentences;
  }

  /**
   * The variables with their values, in the order of declaration.
   *
   * @param operator who answers what is asked; empty: nobody is there
   * @throws BottleException one sentence for each variable that has no value, or one that it must
   *     not have
   */
  public Map<String, String> resolve(Optional<Operator> operator) {
    refuse(problems(operator.isPresent()));
    Map<String, String> values = new LinkedHashMap<>();
    declared.forEach(
        (name, value) ->
            values.put(
                name,
                switch (value) {
                  case EnvValue.Literal literal -> literal.value();
                  case EnvValue.FromHost host -> sources.env().get(host.variable());
                  case EnvValue.Prompt prompt ->
                      operator.orElseThrow().ask(name, prompt.question());
                }));
    List<String> sentences = new ArrayList<>();
    values.forEach(
        (name, value) -> {
          if (value.indexOf('\0') >= 0) {
            sentences.add(
                "the variable " + name + " of bottle '" + bottle + "' has a NUL character");
          }
        });
    sentences.addAll(credentials(values));
    refuse(sentences);
    return Collections.unmodifiableMap(values);
  }

  private static void refuse(List<String> sentences) {
    if (!sentences.isEmpty()) {
      throw new BottleException(String.join("\n", sentences));
    }
  }

  private void fromHost(
      String name, EnvValue.FromHost host, Map<String, String> known, List<String> sentences) {
    DeclaredRoute route = policy.credentials().get(new SecretReference.Variable(host.variable()));
    String value = sources.env().get(host.variable());
    if (route != null) {
      sentences.add(credential(name, route));
    } else if (value == null) {
      sentences.add(
          "the variable "
              + name
              + " of bottle '"
              + bottle
              + "' has the value of this host's "
              + host.variable()
              + ", which is not set; set it, or take the variable out of the bottle's file");
    } else {
      known.put(name, value);
    }
  }

  private String credential(String name, DeclaredRoute route) {
    return "the variable "
        + name
        + " of bottle '"
        + bottle
        + "' would give the agent the credential of the route to "
        + route.route().host()
        + " ("
        + PlannedRoute.place(route)
        + "), which is added to its requests without it; take the variable out of the bottle's file";
  }

  /** Values that are a credential of a route, or hold one. */
  private List<String> credentials(Map<String, String> values) {
    List<String> sentences = new ArrayList<>();
    for (BottlePolicy.Held held : policy.held(sources)) {
      values.forEach(
          (name, value) -> {
            if (holds(value, held)) {
              sentences.add(credential(name, held.route()));
            }
          });
      held.secret().clear();
    }
    return sentences;
  }

  /** Whether a secret, or the password in it, stands in a value. */
  private static boolean holds(String value, BottlePolicy.Held held) {
    byte[] bytes = held.secret().bytes();
    try {
      String text = new String(bytes, StandardCharsets.UTF_8);
      boolean login =
          held.route().auth().filter(auth -> auth.prefix().equals("Basic ")).isPresent();
      int password = text.length() - text.indexOf(':') - 1;
      return value.contains(text)
          || login
              && password >= Secret.LEAST_BYTES
              && value.contains(text.substring(text.length() - password));
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }
}
