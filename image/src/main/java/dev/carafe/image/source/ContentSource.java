package dev.carafe.image.source;

import dev.carafe.image.store.Descriptor;
import java.io.IOException;
import java.io.InputStream;

/** Somewhere that gives manifests and blobs by digest: a registry, or an OCI layout. */
public interface ContentSource {
  /** A manifest, compared with its digest. */
  byte[] manifest(Descriptor manifest) throws IOException;

  /** Opens a blob from its beginning; what comes is not compared yet. Called by several threads. */
  InputStream blob(Descriptor blob) throws IOException;
}
