package dev.carafe.it;

import java.util.List;

/** What an agent tries against a launched bottle of the provider claude. */
final class ClaudeEscapeTest extends ProviderAttacks {
  @Override
  String provider() {
    return "claude";
  }

  @Override
  String variable() {
    return "CLAUDE_CODE_OAUTH_TOKEN";
  }

  @Override
  String host() {
    return ModelServer.ANTHROPIC;
  }

  @Override
  List<String> placeholders() {
    return List.of("1");
  }
}
