package dev.carafe.image.tar;

import java.io.IOException;

/** An archive breaks the tar format or a limit. The message is a clause for a person. */
public final class TarFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  public TarFormatException(String what) {
    super(what);
  }
}
