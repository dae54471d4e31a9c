package dev.carafe.image.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.store.Descriptor;
import dev.carafe.image.tar.BadArchiveException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
  private static final Platform AMD64 = new Platform("linux", "amd64");

  @Test
  void theHostsPlatformIsChosen() throws Exception {
    assertThat(
            choose(
                    """
                    {"digest":"D1","size":1,"platform":{"os":"linux","architecture":"arm64"}},
                    {"digest":"D2","size":2,"platform":{"os":"linux","architecture":"amd64"}},
                    {"digest":"D3","size":3,"platform":{"os":"unknown","architecture":"unknown"}}
                    """)
                .size())
        .isEqualTo(2);
  }

  @Test
  void anImageForAnotherPlatformIsRefusedWithWhatThereIs() {
    assertThatThrownBy(
            () ->
                choose(
                    """
                    {"digest":"D1","size":1,"platform":{"os":"linux","architecture":"arm64"}},
                    {"digest":"D2","size":1,"platform":{"os":"windows","architecture":"amd64"}}
                    """))
        .isInstanceOf(BadArchiveException.class)
        .hasMessage("it is not made for linux/amd64; it offers linux/arm64, windows/amd64");
  }

  @Test
  void aSingleImageWithoutAPlatformIsTaken() throws Exception {
    assertThat(choose("{\"digest\":\"D1\",\"size\":1}").size()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "{\"schemaVersion\":1,\"fsLayers\":[]}",
        "{\"config\":{\"digest\":\"D1\",\"size\":1},\"layers\":[{\"digest\":\"../x\",\"size\":1}]}",
        "{\"config\":{\"digest\":\"D1\",\"size\":-1},\"layers\":[]}",
        "{\"config\":{\"digest\":\"D1\",\"size\":99999999999999999999999},\"layers\":[]}",
        "{\"config\":{\"digest\":\"sha512:00\",\"size\":1},\"layers\":[]}",
      })
  void badManifestsAreRefused(String json) {
    assertThatThrownBy(() -> Manifest.parse(bytes(json))).isInstanceOf(BadArchiveException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"rootfs\":{\"diff_ids\":[1]}}",
        "{\"rootfs\":{\"diff_ids\":[\"../x\"]}}",
        "{\"config\":{\"Env\":[{}]}}",
        "{\"config\":{\"User\":\"a\\u0000b\"}}",
      })
  void badConfigurationsAreRefused(String json) {
    assertThatThrownBy(() -> ConfigFile.parse(bytes(json))).isInstanceOf(BadArchiveException.class);
  }

  private static Descriptor choose(String manifests) throws Exception {
    return Manifest.choose(
        (Manifest.Index) Manifest.parse(bytes("{\"manifests\":[" + manifests + "]}")), AMD64);
  }

  private static byte[] bytes(String json) {
    return json.replaceAll("\"D([0-9])\"", "\"sha256:" + "0".repeat(63) + "$1\"")
        .getBytes(StandardCharsets.UTF_8);
  }
}
