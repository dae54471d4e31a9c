package dev.carafe.machine.smolvm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A program that behaves as smolvm does at its edges (dialect, output, exit codes, environment),
 * and whose guests are this host: what a test runs "in the machine" it runs here. It notes every
 * call and the environment it had.
 */
final class FakeSmolvm {
  private static final String SCRIPT =
      """
      #!/bin/sh
      dir=$FAKE_DIR
      version=$(cat "$dir/version")
      echo "$*" >> "$dir/calls"
      env > "$dir/env"
      tr '\\0' '\\n' < /proc/$$/cmdline > "$dir/cmdline"
      fail() { echo "Error: $2" >&2; exit "$1"; }
      usage() { printf "error: unexpected argument '%s' found\\n\\nUsage: smolvm machine\\n" "$1" >&2; exit 2; }
      unknown() { fail 1 "vm not found: $1"; }
      if [ "$1" = --version ]; then echo "smolvm $version"; exit 0; fi
      if [ -e "$dir/say" ]; then cat "$dir/say" >&2; exit "$(cat "$dir/exit")"; fi
      old=no
      case $version in 0.*|1.0.0|1.0.1) old=yes ;; esac
      json() {
        printf '{"name":"%s","state":"%s","cpus":%s,"memory_mib":512,"pid":%s,"mounts":0,"ports":0,' \
          "$1" "$(cat "$dir/machines/$1/state")" "$(cat "$dir/machines/$1/cpus")" \
          "$(cat "$dir/machines/$1/pid" 2>/dev/null || echo null)"
        printf '"created_at":1764000000,"storage_gb":20,"overlay_gb":10,"image":null,"entrypoint":[],"cmd":["a","b"],'
        printf '"ephemeral":false,"network":true,"new":{"a":[1,{"b":2}]},"labels":{%s},"health_cmd":null}' \
          "$(cat "$dir/machines/$1/labels" 2>/dev/null)"
      }
      noun=$1 verb=$2
      shift 2
      [ "$noun" = machine ] || { echo "Packed: done"; exit 0; }
      name= directory= limit= streams= cpus=4
      case $verb in
        cp) cp -- "${1#*:}" "${2#*:}" || exit 1; exit 0 ;;
        ls)
          printf '['
          comma=
          for m in $(ls "$dir/machines"); do printf '%s' "$comma"; json "$m"; comma=,; done
          echo ']'
          exit 0 ;;
      esac
      while [ $# -gt 0 ]; do
        case $1 in
          --name)
            case $verb in create|delete|update|data-dir) [ $old = no ] || usage --name ;; esac
            name=$2; shift 2 ;;
          --) shift; break ;;
          -w) directory=$2; shift 2 ;;
          --timeout) limit=$2; shift 2 ;;
          --cpus) cpus=$2; shift 2 ;;
          --label) labels="\\"${2%%=*}\\":\\"${2#*=}\\""; shift 2 ;;
          --stream|-i|-t|-d) streams="$streams$1"; shift ;;
          -f|--json|--net) shift ;;
          -*) shift 2 ;;
          *)
            if [ $old = no ] || [ -n "$name" ]; then usage "$1"; fi
            name=$1; shift ;;
        esac
      done
      m=$dir/machines/$name
      if [ "$verb" = create ]; then
        mkdir "$m" 2>/dev/null ||
          fail 1 "config operation failed: create machine: machine '$name' already exists"
        echo created > "$m/state"; echo "$cpus" > "$m/cpus"
        [ -z "$labels" ] || echo "$labels" > "$m/labels"
        echo "Created machine: $name"
        exit 0
      fi
      if [ ! -d "$m" ]; then
        if [ "$verb" = stop ] && [ "$version" = 0.8.0 ]; then
          echo "Machine '$name' not found or not running"; exit 0
        fi
        unknown "$name"
      fi
      state=$(cat "$m/state")
      case $verb in
        start)
          if [ "$state" = running ]; then echo "Machine '$name' already running (PID: 7)"; exit 0; fi
          echo running > "$m/state"; echo 7 > "$m/pid"
          echo "Starting machine '$name' with 0 mount(s) and 0 port mapping(s)..." >&2
          echo "Machine '$name' running (PID: 7)" ;;
        stop)
          if [ "$state" != running ]; then
            echo "Machine '$name' is not running (state: $state)"; exit 0
          fi
          echo stopped > "$m/state"; rm "$m/pid"
          printf "Stopping machine '%s'...\\nStopped machine: %s\\n" "$name" "$name" ;;
        delete) rm -r "$m"; echo "Deleted machine: $name" ;;
        update)
          [ "$state" != running ] || fail 1 "invalid vm state: expected stopped, got running"
          echo "$cpus" > "$m/cpus" ;;
        status) json "$name" ;;
        data-dir) echo "$m" ;;
        exec)
          [ "$state" = running ] || fail 1 "agent operation failed: connect: machine '$name' is not \
      running. Use 'smolvm machine start --name $name' first."
          command -v "$1" > /dev/null ||
            fail 1 "agent operation failed: vm exec: failed to spawn command '$1': No such file"
          [ -z "$directory" ] || cd "$directory"
          case $streams in
            -d) "$@" > /dev/null 2>&1 & echo $!; exit 0 ;;
            *-t) [ -t 0 ] && [ -t 1 ] || fail 1 "agent operation failed: not a terminal" ;;
            *-i|--stream) ;;
            *) "$@" < /dev/null > "$m/out"; code=$?; head -c 11534336 "$m/out"; exit $code ;;
          esac
          if [ -n "$limit" ]; then exec timeout "$limit" "$@"; fi
          exec "$@" ;;
      esac
      """;

  private final Path directory;

  FakeSmolvm(Path directory, String version) throws IOException {
    this.directory = directory;
    Files.createDirectories(directory.resolve("machines"));
    Files.createDirectories(directory.resolve("bin"));
    Files.writeString(directory.resolve("version"), version);
    Path program = Files.writeString(directory.resolve("bin/smolvm"), SCRIPT);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  Smolvm client() {
    return new Smolvm("smolvm", environment());
  }

  Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("PATH", directory.resolve("bin") + ":" + System.getenv("PATH"));
    environment.put("FAKE_DIR", directory.toString());
    environment.put("LC_ALL", "C.UTF-8");
    return environment;
  }

  /** From now on every call but {@code --version} says this and exits so. */
  void answer(int exitCode, String stderr) throws IOException {
    Files.writeString(directory.resolve("exit"), "" + exitCode);
    Files.writeString(directory.resolve("say"), stderr);
  }

  /** The calls so far, each its arguments joined by spaces. */
  List<String> calls() throws IOException {
    Path calls = directory.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  /** The environment and the argument list of the last call, one to a line. */
  String lastEnvironment() throws IOException {
    return Files.readString(directory.resolve("env"));
  }

  String lastCommandLine() throws IOException {
    return new String(Files.readAllBytes(directory.resolve("cmdline")), StandardCharsets.UTF_8);
  }
}
