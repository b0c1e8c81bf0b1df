package io.octavo.golden;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * Data written by independent implementations, in the folder {@code shared/golden} beside the
 * repository. A test that needs it is skipped where the folder is absent.
 */
public final class GoldenFiles {

  private GoldenFiles() {}

  /** A file of the golden folder. */
  public static Path file(String name) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path candidate = at.resolve("shared").resolve("golden").resolve(name);
      if (Files.exists(candidate)) {
        return candidate;
      }
    }
    return abort("golden data not found: no shared/golden/" + name + " beside the repository");
  }

  /**
   * Unpacks a golden archive, given by its first part's name ({@code tiny-llama.tar}, {@code
   * wiki-llama.tar.aa}), and returns the directory it holds.
   */
  public static Path unpack(String firstPart, Path target) {
    Path first = file(firstPart);
    String stem = firstPart.substring(0, firstPart.indexOf(".tar"));
    try (Stream<Path> siblings = Files.list(first.getParent())) {
      List<InputStream> parts =
          siblings
              .filter(path -> path.getFileName().toString().startsWith(stem + ".tar"))
              .sorted()
              .map(GoldenFiles::open)
              .toList();
      try (InputStream in = new SequenceInputStream(Collections.enumeration(parts))) {
        untar(in, target);
      }
      return target.resolve(stem);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(Path path) {
    try {
      return Files.newInputStream(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Plain ustar: 512-byte headers, name at 0, octal size at 124, type flag at 156. */
  private static void untar(InputStream in, Path target) throws IOException {
    byte[] header = in.readNBytes(512);
    while (header.length == 512 && header[0] != 0) {
      String name = new String(header, 0, 100, StandardCharsets.US_ASCII).split("\0")[0];
      String octal = new String(header, 124, 11, StandardCharsets.US_ASCII).trim();
      long size = octal.isEmpty() ? 0 : Long.parseLong(octal, 8);
      Path path = target.resolve(name);
      if (header[156] == '5') {
        Files.createDirectories(path);
      } else {
        Files.createDirectories(path.getParent());
        Files.write(path, in.readNBytes(Math.toIntExact(size)));
        in.skipNBytes((512 - size % 512) % 512);
      }
      header = in.readNBytes(512);
    }
  }
}
