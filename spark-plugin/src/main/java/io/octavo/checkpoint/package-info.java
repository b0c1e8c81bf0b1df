/**
 * Checkpoints on any Hadoop path.
 *
 * <p>A checkpoint is a directory {@code step-N} with one safetensors file a rank and {@code
 * manifest.json}, which names the files with sizes and checksums. Ranks write into a temporary
 * directory; when all files are there rank 0 writes the manifest and renames the directory, so a
 * directory of the final name is complete. Vectors are stored by their place in the whole vector,
 * which does not depend on the number of ranks: any number of ranks reads what any number wrote.
 */
@NullMarked
package io.octavo.checkpoint;

import org.jspecify.annotations.NullMarked;
