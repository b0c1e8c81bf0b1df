package io.octavo.spark.serve;

import io.octavo.layout.HuggingFaceFiles;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * What the files of directories contain. Checksums are made once for the sizes and times that files
 * have: a task whose model is loaded lists a directory and reads nothing.
 */
final class DirectoryVersions {

  private record Version(String fingerprint, CompletableFuture<String> checksum) {}

  private final Map<Path, Version> versions = new HashMap<>();

  /** Names and checksums of a directory's files. */
  String of(Path directory, Configuration hadoop) {
    String fingerprint = HuggingFaceFiles.fingerprintOf(directory, hadoop);
    Version mine = new Version(fingerprint, new CompletableFuture<>());
    Version version;
    synchronized (versions) {
      version = versions.get(directory);
      if (version == null || !version.fingerprint.equals(fingerprint)) {
        version = mine;
        versions.put(directory, mine);
      }
    }
    if (version == mine) {
      read(directory, hadoop, mine);
    }
    try {
      return version.checksum.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void read(Path directory, Configuration hadoop, Version version) {
    try {
      version.checksum.complete(HuggingFaceFiles.checksumOf(directory, hadoop));
    } catch (RuntimeException e) {
      version.checksum.completeExceptionally(e);
      synchronized (versions) {
        versions.remove(directory, version);
      }
    }
  }
}
