package dev.carafe.machine.host;

import com.github.luben.zstd.ZstdInputStream;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * A Debian kernel package, unpacked only as far as a machine needs it and never installed: the
 * kernel itself and some modules.
 */
final class KernelPackage {
  /** How the names of Debian's packages that hold a kernel begin. */
  static final String PREFIX = "linux-image-";

  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final long LARGEST_FILE = 256L << 20;
  private static final Pattern IMAGE = Pattern.compile("(?:\\./)?boot/vmlinuz-[^/]+");
  private static final Pattern BUILT_IN =
      Pattern.compile("(?:\\./)?(?:usr/)?lib/modules/[^/]+/modules\\.builtin");
  private static final Pattern MODULE =
      Pattern.compile(
          "(?:\\./)?(?:usr/)?lib/modules/[^/]+/kernel/(?:[^/]+/)*"
              + "([A-Za-z0-9_+.-]+?)\\.ko(\\.xz|\\.zst|\\.gz)?");

  private final Path dpkgDeb;
  private final Path file;

  KernelPackage(Path dpkgDeb, Path file) {
    this.dpkgDeb = dpkgDeb;
    this.file = file;
  }

  /** The package's name and version, fit for a file name. */
  String version() {
    List<String> argv =
        List.of(
            dpkgDeb.toString(), "--show", "--showformat=${Package}_${Version}", file.toString());
    String attempted = "read " + file.getFileName();
    Tool said = Tool.run(attempted, Path.of("/"), Map.of(), LIMIT, argv).orThrow(attempted, argv);
    return version(said.stdout().strip())
        .orElseThrow(
            () -> new MachineException(ErrorCode.HOST, attempted, "it is not a kernel package"));
  }

  /** The same from {@code name_version}; empty if it is not a kernel's. */
  static Optional<String> version(String nameAndVersion) {
    return nameAndVersion.startsWith(PREFIX)
        ? Optional.of(
            nameAndVersion.substring(PREFIX.length()).replaceAll("[^A-Za-z0-9._+~-]", "_"))
        : Optional.empty();
  }

  /**
   * Makes {@code to/vmlinux} and {@code to/modules/NNN-name.ko}.
   *
   * @param to an empty directory
   * @param scratch another empty directory, for what is only needed meanwhile
   * @param wanted the modules a machine needs; what they depend on is found out
   */
  void unpack(Path to, Path scratch, List<String> wanted) throws IOException {
    Unpacked unpacked = unpackInto(scratch);
    BzImage.extract(unpacked.image(), to.resolve("vmlinux"));
    Path modules = Files.createDirectory(to.resolve("modules"));
    int number = 0;
    for (String name : ModuleOrder.of(wanted, unpacked, unpacked.builtIn())) {
      Path module = unpacked.plain(name);
      Path target = modules.resolve("%03d-%s.ko".formatted(number++, name));
      Files.move(module, target);
      try (FileChannel written = FileChannel.open(target, StandardOpenOption.WRITE)) {
        written.force(true);
      }
    }
  }

  private Unpacked unpackInto(Path scratch) throws IOException {
    Path complaints = scratch.resolve("complaints.txt");
    Process process =
        new ProcessBuilder(dpkgDeb.toString(), "--fsys-tarfile", file.toString())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectError(complaints.toFile())
            .start();
    try (InputStream stream = new BufferedInputStream(process.getInputStream(), 1 << 16);
        TarArchiveInputStream tar = new TarArchiveInputStream(stream)) {
      Unpacked unpacked = unpack(tar, scratch);
      stream.transferTo(OutputStream.nullOutputStream());
      if (process.waitFor() != 0) {
        throw new IOException(
            file.getFileName() + " is damaged: " + Files.readString(complaints).strip());
      }
      return unpacked;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      Tool.kill(process);
    }
  }

  private Unpacked unpack(TarArchiveInputStream tar, Path scratch) throws IOException {
    Path image = null;
    Set<String> builtIn = new HashSet<>();
    Map<String, Path> modules = new HashMap<>();
    for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
      if (!entry.isFile() || entry.getSize() > LARGEST_FILE) {
        continue;
      }
      Matcher module = MODULE.matcher(entry.getName());
      if (module.matches()) {
        String suffix = module.group(2) == null ? "" : module.group(2);
        String name = ModuleOrder.normal(module.group(1));
        Path at = scratch.resolve(name + ".ko" + suffix);
        Files.copy(tar, at);
        modules.put(name, at);
      } else if (IMAGE.matcher(entry.getName()).matches() && image == null) {
        image = scratch.resolve("vmlinuz");
        Files.copy(tar, image);
      } else if (BUILT_IN.matcher(entry.getName()).matches()) {
        new String(tar.readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .map(line -> line.substring(line.lastIndexOf('/') + 1).replaceFirst("\\.ko$", ""))
            .forEach(name -> builtIn.add(ModuleOrder.normal(name)));
      }
    }
    if (image == null) {
      throw new IOException(file.getFileName() + " holds no kernel");
    }
    return new Unpacked(image, modules, builtIn);
  }

  /** What the package held. */
  private record Unpacked(Path image, Map<String, Path> modules, Set<String> builtIn)
      implements ModuleOrder.Source {

    @Override
    public boolean has(String name) {
      return modules.containsKey(name);
    }

    @Override
    public Map<String, String> information(String name) throws IOException {
      try (FileChannel module = FileChannel.open(plain(name))) {
        return new Elf(module).moduleInformation();
      } catch (IOException e) {
        throw new IOException("module " + name + ": " + e.getMessage(), e);
      }
    }

    /** The module's file, decompressed: the agent gives modules to the kernel as they are. */
    Path plain(String name) throws IOException {
      Path at = modules.get(name);
      String fileName = at.getFileName().toString();
      if (fileName.endsWith(".ko")) {
        return at;
      }
      Path plain = at.resolveSibling(name + ".ko");
      if (Files.notExists(plain)) {
        try (InputStream packed = new BufferedInputStream(Files.newInputStream(at));
            InputStream in =
                fileName.endsWith(".xz")
                    ? new XZInputStream(packed)
                    : fileName.endsWith(".zst")
                        ? new ZstdInputStream(packed)
                        : new GZIPInputStream(packed)) {
          Files.copy(in, plain);
        }
      }
      return plain;
    }
  }
}
