package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.routes.Match;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostRegistriesTest {
  @TempDir Path root;

  private static Recipe recipe(Recipe.Registry... registries) {
    return new Recipe("base", "node", Map.of(), List.of(), Set.of(registries), List.of(), 512);
  }

  private void write(String file, String text) throws Exception {
    Files.createDirectories(root.resolve(file).getParent());
    Files.writeString(root.resolve(file), text);
  }

  private HostRegistries.Access npm(Map<String, String> env) throws ProviderException {
    return HostRegistries.access(recipe(Recipe.Registry.NPM), env, root);
  }

  private String registry(Map<String, String> env) throws ProviderException {
    return npm(env).env().get("npm_config_registry");
  }

  @Test
  void aptsMirrorsAreThoseOfThisHost() throws Exception {
    write("etc/os-release", "VERSION_CODENAME=bookworm\n");
    write(
        "etc/apt/sources.list",
        """
        deb http://mirror.invalid/debian bookworm main
        deb https://mirror.invalid/security bookworm-security main
        deb https://other.invalid/tools stable tools
        """);
    HostRegistries.Access access =
        HostRegistries.access(recipe(Recipe.Registry.APT), Map.of(), root);
    assertThat(access.routes())
        .extracting(route -> route.route().host() + ":" + route.route().port())
        .containsExactly("mirror.invalid:0");
    List<Match> matches = access.routes().getFirst().route().matches();
    assertThat(List.of("GET", "HEAD", "POST", "PUT", "DELETE"))
        .as("packages are fetched, and nothing is given for them")
        .filteredOn(
            method ->
                matches.stream().anyMatch(match -> match.matches(method, "/x", n -> List.of())))
        .containsExactly("GET", "HEAD");
    write("etc/apt/sources.list", "deb http://192.0.2.7/debian bookworm main\n");
    assertThatThrownBy(() -> HostRegistries.access(recipe(Recipe.Registry.APT), Map.of(), root))
        .hasMessageContaining("packages from 192.0.2.7")
        .hasMessageContaining("routes name hosts");
  }

  @Test
  void npmsRegistryIsThatOfItsVariableElseOfItsFiles() throws Exception {
    Map<String, String> home = Map.of("HOME", root.resolve("me").toString(), "PATH", "/none");
    write("etc/npmrc", "registry=https://third.invalid/\n");
    assertThat(registry(home)).isEqualTo("https://third.invalid/");
    write("me/.npmrc", "fund=false\nregistry = \"https://second.invalid:8443/npm\"\n");
    assertThat(registry(home)).isEqualTo("https://second.invalid:8443/npm/");
    assertThat(npm(home).routes().getFirst().route().port()).isEqualTo(8443);
    assertThat(
            registry(
                Map.of(
                    "HOME",
                    root.resolve("me").toString(),
                    "NPM_CONFIG_REGISTRY",
                    "https://first.invalid")))
        .isEqualTo("https://first.invalid/");
  }

  @Test
  void withoutAConfigurationNpmItselfIsAsked() throws Exception {
    Map<String, String> env = Map.of("PATH", "/usr/bin", "HOME", "/none");
    assertThatThrownBy(() -> registry(env))
        .isInstanceOf(ProviderException.class)
        .hasMessageContaining("set npm_config_registry to the address of one, or install npm");
    write(
        "usr/bin/npm",
        "#!/bin/sh\ntest \"$*\" = 'config get registry' && echo https://npm.invalid/\n");
    Files.setPosixFilePermissions(
        root.resolve("usr/bin/npm"), PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(registry(env)).isEqualTo("https://npm.invalid/");
  }

  @Test
  void anAddressThatWouldCarryAPasswordIntoTheImageIsRefused() {
    assertThatThrownBy(
            () -> registry(Map.of("npm_config_registry", "https://me:" + "hunter22@npm.invalid/")))
        .hasMessageContaining("has a password in its address")
        .hasMessageNotContaining("hunter22");
    assertThatThrownBy(() -> registry(Map.of("npm_config_registry", "npm.invalid")))
        .hasMessageContaining("is no address of the form https://HOST/");
  }

  @Test
  void aRegistryInAPrivateNetworkMayBeReached() throws Exception {
    assertThat(npm(Map.of("npm_config_registry", "https://localhost/")).allow())
        .extracting(Object::toString)
        .anyMatch(range -> range.contains("127.0.0.1"));
  }
}
