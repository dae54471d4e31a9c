package dev.carafe.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Stands in for the models' servers, with TLS on loopback: Anthropic's messages and OpenAI's
 * responses, as streams of events. It does as it is told by what the user says, word by word:
 * {@code write FILE} has the agent write {@link #CONTENT} to a file, {@code run COMMAND} run a
 * command; whatever comes of that, or was said else, it answers with how many times the user has
 * said something, which tells whether an agent remembers, and with what a tool has told it.
 */
final class ModelServer implements AutoCloseable {
  static final String ANTHROPIC = "api.anthropic.com";
  static final String OPENAI = "api.openai.com";
  static final String CHATGPT = "chatgpt.com";
  static final String CONTENT = "written by the agent\n";

  /** What a subscription's account must have, by its identifier, or Codex does not begin. */
  static final String ACCOUNT = "account-of-the-lab";

  private static final String ACCOUNTS =
      "{\"accounts\":[{\"id\":\""
          + ACCOUNT
          + "\",\"workspace_backend_origin\":\"https://"
          + CHATGPT
          + "\",\"account_routing_override\":\"NO_CONSTRAINT\"}]}";

  static final JsonMapper JSON = new JsonMapper();

  /**
   * A request that arrived.
   *
   * @param credential the headers {@code authorization} and {@code x-api-key}, whichever is there
   */
  record Seen(String host, String line, String credential, String body) {}

  private final HttpsServer server;
  private final AtomicInteger ids = new AtomicInteger();

  /** All that arrived, in its order. */
  final List<Seen> seen = new CopyOnWriteArrayList<>();

  ModelServer(ServerKeys keys) throws Exception {
    server = HttpsServer.create(new InetSocketAddress(HostProxy.LOOPBACK, 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(keys.tls()));
    server.setExecutor(Thread::startVirtualThread);
    server.createContext("/", this::answer);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** The requests to a path, without its query. */
  List<Seen> at(String path) {
    return seen.stream().filter(s -> s.line().split("[ ?]")[1].equals(path)).toList();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      String path = exchange.getRequestURI().getPath();
      seen.add(
          new Seen(
              header(exchange, "host"),
              exchange.getRequestMethod() + " " + exchange.getRequestURI(),
              header(exchange, "authorization") + header(exchange, "x-api-key"),
              body));
      boolean post = exchange.getRequestMethod().equals("POST");
      if (exchange.getRequestHeaders().containsKey("upgrade")) {
        // Codex tries a WebSocket first, and is content without.
        send(exchange, 426, "application/json", "{}");
      } else if (post && path.equals("/v1/messages")) {
        messages(exchange, JSON.readTree(body));
      } else if (post && path.equals("/v1/messages/count_tokens")) {
        send(exchange, 200, "application/json", "{\"input_tokens\":42}");
      } else if (path.equals("/backend-api/wham/accounts/check")) {
        send(exchange, 200, "application/json", ACCOUNTS);
      } else if (post && path.endsWith("/responses")) {
        responses(exchange, JSON.readTree(body));
      } else {
        send(
            exchange,
            404,
            "application/json",
            "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"none\"}}");
      }
    }
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  /** What is to be done now: a tool with its input, or a text. */
  private record Turn(String tool, String argument, String text) {}

  /**
   * @param said what the user has said last
   * @param times how often the user has said something
   * @param told what the tool that was called for it has told; null when none was
   */
  private static Turn turn(String said, int times, String told) {
    int write = said.lastIndexOf("write ");
    int run = said.lastIndexOf("run ");
    if (told == null && write >= 0 && write > run) {
      return new Turn("write", said.substring(write + 6).split("\\s", 2)[0], "");
    }
    if (told == null && run >= 0) {
      return new Turn("run", said.substring(run + 4).split("\n", 2)[0].strip(), "");
    }
    return new Turn("", "", "turn " + times + (told == null ? "" : ", told: " + told.strip()));
  }

  /** A stream of events, each sent as soon as it is made. */
  private static final class Events {
    private final OutputStream out;

    Events(HttpExchange exchange) throws IOException {
      exchange.getResponseHeaders().set("content-type", "text/event-stream; charset=utf-8");
      exchange.sendResponseHeaders(200, 0);
      out = exchange.getResponseBody();
    }

    void send(ObjectNode event) throws IOException {
      out.write(
          ("event: " + event.get("type").asString() + "\ndata: " + event + "\n\n")
              .getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  private static ObjectNode object(String type) {
    return JSON.createObjectNode().put("type", type);
  }

  // Anthropic: platform documentation, "Streaming messages".

  private void messages(HttpExchange exchange, JsonNode request) throws IOException {
    String said = "";
    int times = 0;
    String told = null;
    for (JsonNode message : request.path("messages")) {
      if (!message.path("role").asString("").equals("user")) {
        continue;
      }
      JsonNode content = message.path("content");
      if (content.isString()) {
        said = content.asString();
        times++;
        told = null;
        continue;
      }
      for (JsonNode block : content) {
        String text = block.path("text").asString("");
        if (block.path("type").asString("").equals("tool_result")) {
          told = text(block.path("content"));
        } else if (!text.isEmpty() && !text.startsWith("<")) {
          // Not what the program itself reminds of, between tags.
          said = text;
          times++;
          told = null;
        }
      }
    }
    boolean tools = !request.path("tools").isEmpty();
    Turn turn = tools ? turn(said, times, told) : new Turn("", "", "a title");
    if (!request.path("stream").asBoolean(false)) {
      ObjectNode whole = message(request);
      whole.putArray("content").add(object("text").put("text", turn.text()));
      whole.put("stop_reason", "end_turn");
      send(exchange, 200, "application/json", whole.toString());
      return;
    }
    Events events = new Events(exchange);
    ObjectNode start = object("message_start");
    start.set("message", message(request));
    events.send(start);
    events.send(object("ping"));
    ObjectNode block = object("content_block_start").put("index", 0);
    ObjectNode delta = object("content_block_delta").put("index", 0);
    if (turn.tool().isEmpty()) {
      block.set("content_block", object("text").put("text", ""));
      delta.set("delta", object("text_delta").put("text", turn.text()));
    } else {
      ObjectNode use = object("tool_use").put("id", "toolu_" + ids.incrementAndGet());
      ObjectNode input = JSON.createObjectNode();
      if (turn.tool().equals("write")) {
        use.put("name", "Write");
        input.put("file_path", turn.argument()).put("content", CONTENT);
      } else {
        use.put("name", "Bash");
        input.put("command", turn.argument()).put("description", "as it was told");
      }
      use.putObject("input");
      block.set("content_block", use);
      delta.set("delta", object("input_json_delta").put("partial_json", input.toString()));
    }
    events.send(block);
    events.send(delta);
    events.send(object("content_block_stop").put("index", 0));
    ObjectNode end = object("message_delta");
    end.putObject("delta")
        .put("stop_reason", turn.tool().isEmpty() ? "end_turn" : "tool_use")
        .putNull("stop_sequence");
    end.putObject("usage").put("output_tokens", 5);
    events.send(end);
    events.send(object("message_stop"));
  }

  private ObjectNode message(JsonNode request) {
    ObjectNode message =
        object("message")
            .put("id", "msg_" + ids.incrementAndGet())
            .put("role", "assistant")
            .put("model", request.path("model").asString("model"));
    message.putArray("content");
    message.putNull("stop_reason").putNull("stop_sequence");
    message.putObject("usage").put("input_tokens", 10).put("output_tokens", 1);
    return message;
  }

  private static String text(JsonNode content) {
    if (content.isString()) {
      return content.asString();
    }
    StringBuilder all = new StringBuilder();
    content.forEach(block -> all.append(block.path("text").asString("")));
    return all.toString();
  }

  // OpenAI: API reference, "Responses", streaming events.

  private void responses(HttpExchange exchange, JsonNode request) throws IOException {
    String said = "";
    int times = 0;
    String told = null;
    for (JsonNode item : request.path("input")) {
      String type = item.path("type").asString("message");
      if (type.endsWith("_call_output")) {
        told = text(item.path("output"));
      } else if (type.equals("message") && item.path("role").asString("").equals("user")) {
        String text = text(item.path("content"));
        // Not what the program itself says of its surroundings, between tags.
        if (!text.startsWith("<") && !text.startsWith("# AGENTS.md")) {
          said = text;
          times++;
          told = null;
        }
      }
    }
    Turn turn = turn(said, times, told);
    Events events = new Events(exchange);
    String id = "resp_" + ids.incrementAndGet();
    ObjectNode created = object("response.created");
    created.putObject("response").put("id", id);
    events.send(created);
    ObjectNode item;
    if (turn.tool().isEmpty()) {
      item = object("message").put("role", "assistant").put("id", "msg_" + ids.incrementAndGet());
      item.putArray("content").add(object("output_text").put("text", turn.text()));
    } else {
      item =
          script(
              turn.tool().equals("write")
                  ? "printf '%s' '" + CONTENT + "' > " + turn.argument()
                  : turn.argument());
    }
    ObjectNode done = object("response.output_item.done").put("output_index", 0);
    done.set("item", item);
    events.send(done);
    ObjectNode completed = object("response.completed");
    ObjectNode usage = completed.putObject("response").put("id", id).putObject("usage");
    usage.put("input_tokens", 10).put("output_tokens", 5).put("total_tokens", 15);
    usage.putNull("input_tokens_details").putNull("output_tokens_details");
    events.send(completed);
  }

  /**
   * A command, by the tool that Codex offers first of all: a script that may call other tools. It
   * is run by a program of its own.
   */
  private ObjectNode script(String command) {
    return object("custom_tool_call")
        .put("call_id", "call_" + ids.incrementAndGet())
        .put("name", "exec")
        .put(
            "input",
            "const r = await tools.exec_command({cmd: "
                + JSON.writeValueAsString(command)
                + "}); text(r.output)");
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
