package dev.carafe.it;

import java.util.List;

/** What an agent tries against a launched bottle of the provider codex. */
final class CodexEscapeTest extends ProviderAttacks {
  @Override
  String provider() {
    return "codex";
  }

  @Override
  String variable() {
    return "OPENAI_API_KEY";
  }

  @Override
  String host() {
    return ModelServer.OPENAI;
  }

  @Override
  List<String> placeholders() {
    return List.of("/home/node/.codex/auth.json", "0");
  }
}
