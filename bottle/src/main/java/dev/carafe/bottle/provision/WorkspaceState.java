package dev.carafe.bottle.provision;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What was in a workspace when it was copied into its bottle: each file's and link's state, by its
 * path relative to the workspace. What git keeps in {@code .git} is not in it. Immutable; any
 * thread.
 */
public final class WorkspaceState {
  private static final String HEADER = "carafe workspace 1";
  private static final int MOST_LINE = 64 * 1024;

  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Map<Path, FileState> files;

  WorkspaceState(Map<Path, FileState> files) {
    this.files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
  }

  /** What was at a path; nothing, if it was not copied. */
  FileState at(Path relative) {
    return files.getOrDefault(relative, FileState.NOTHING);
  }

  Map<Path, FileState> files() {
    return files;
  }

  /** How many files and links there were. */
  public int count() {
    return files.size();
  }

  /**
   * Keeps it in a file for its owner only. Blocks.
   *
   * @param file its directory must exist
   */
  public void write(Path file) throws IOException {
    Path beside = Files.createTempFile(file.toAbsolutePath().getParent(), ".work-", "", PRIVATE);
    try {
      try (BufferedWriter out = Files.newBufferedWriter(beside, StandardCharsets.US_ASCII)) {
        out.write(HEADER + "\n");
        for (Map.Entry<Path, FileState> each : files.entrySet()) {
          FileState state = each.getValue();
          out.write(state.kind() + " " + state.size() + " " + state.digest() + " ");
          out.write(HostGit.escaped(each.getKey()) + "\n");
        }
        out.write("end " + files.size() + "\n");
      }
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /**
   * Reads what {@link #write} has written. Blocks.
   *
   * @throws IOException if it cannot be read, or is not what was written
   */
  public static WorkspaceState read(Path file) throws IOException {
    Map<Path, FileState> files = new LinkedHashMap<>();
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
      String line = in.readLine();
      boolean begun = HEADER.equals(line);
      for (line = in.readLine(); begun && line != null; line = in.readLine()) {
        if (line.equals("end " + files.size())) {
          return new WorkspaceState(files);
        }
        String[] fields = line.split(" ", 4);
        if (line.length() > MOST_LINE
            || fields.length < 4
            || fields[0].length() != 1
            || !fields[1].matches("[0-9]{1,18}")) {
          break;
        }
        files.put(
            HostGit.unescapedPath(fields[3]),
            new FileState(fields[0].charAt(0), Long.parseLong(fields[1]), fields[2]));
      }
    }
    throw new IOException(file + " is damaged");
  }
}
