package dev.carafe.bottle.manifest;

import dev.carafe.egress.routes.Cidr;
import dev.carafe.egress.routes.DeclaredRoute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a bottle comes to together with all that it is made from, and the two ways in which that is
 * put together: bottles side by side, of which a later one wins ({@link #and}), and a bottle over
 * what it extends ({@link #under}).
 */
record Resolved(
    List<String> lineage,
    Map<String, EnvValue> env,
    GitUser gitUser,
    Map<String, DeclaredRepo> repos,
    EgressPolicy egress,
    Optional<AgentProvider> provider) {
  static final Resolved NOTHING =
      new Resolved(
          List.of(), Map.of(), GitUser.NOBODY, Map.of(), EgressPolicy.NOTHING, Optional.empty());

  /** Two routes that cannot both be there. */
  record Collision(DeclaredRoute first, DeclaredRoute second) {}

  /** Both, side by side. */
  Resolved and(Resolved later) {
    Set<String> all = new LinkedHashSet<>(lineage);
    all.addAll(later.lineage);
    Map<String, EnvValue> variables = new LinkedHashMap<>(env);
    variables.putAll(later.env);
    Map<String, DeclaredRepo> together = new LinkedHashMap<>(repos);
    later.repos.forEach((name, repo) -> together.merge(name, repo, (b, over) -> over.over(b)));
    return new Resolved(
        List.copyOf(all),
        variables,
        later.gitUser.over(gitUser),
        together,
        both(egress, later.egress),
        later.provider.or(() -> provider));
  }

  /** Without a route that is there twice with the same content, as bottles with one parent have. */
  private static EgressPolicy both(EgressPolicy first, EgressPolicy later) {
    List<DeclaredRoute> routes = new ArrayList<>(first.routes());
    for (DeclaredRoute route : later.routes()) {
      if (first.routes().stream().noneMatch(route::sameAs)) {
        routes.add(route);
      }
    }
    Set<Cidr> allow = new LinkedHashSet<>(first.allow());
    allow.addAll(later.allow());
    Set<Path> authorities = new LinkedHashSet<>(first.authorities());
    authorities.addAll(later.authorities());
    return new EgressPolicy(
        routes, List.copyOf(allow), List.copyOf(authorities), later.log().or(first::log));
  }

  /** This, and over it what a bottle's own file says. */
  Resolved under(BottleFile child) {
    Set<String> all = new LinkedHashSet<>(lineage);
    all.add(child.name());
    return new Resolved(
        List.copyOf(all),
        child.env().map(this::withEnv).orElse(env),
        child
            .gitUser()
            .map(user -> user.equals(GitUser.NOBODY) ? user : user.over(gitUser))
            .orElse(gitUser),
        child.repos().orElse(repos),
        child.egress().orElse(egress),
        child.provider().or(() -> provider));
  }

  private Map<String, EnvValue> withEnv(Map<String, EnvValue> declared) {
    Map<String, EnvValue> together = new LinkedHashMap<>(declared.isEmpty() ? Map.of() : env);
    together.putAll(declared);
    return together;
  }

  /** The first two routes between which it would be chance which one is taken. */
  Optional<Collision> collision() {
    List<DeclaredRoute> routes = egress.routes();
    for (int i = 0; i < routes.size(); i++) {
      for (int before = 0; before < i; before++) {
        if (routes.get(i).collidesWith(routes.get(before))) {
          return Optional.of(new Collision(routes.get(before), routes.get(i)));
        }
      }
    }
    return Optional.empty();
  }
}
