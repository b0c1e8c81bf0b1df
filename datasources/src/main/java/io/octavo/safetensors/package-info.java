/**
 * Hugging Face's safetensors files, read and written.
 *
 * <p>A file is the length of a JSON header (8 bytes, little endian), the header, and the bytes of
 * the tensors. The header maps each name to a type, a shape and a range of bytes. {@link
 * io.octavo.safetensors.SafetensorsFile} trusts nothing in it: lengths are compared with the file
 * before anything is allocated, names are unique, ranges lie inside, do not overlap, leave no gap
 * and have the size of shape and type. {@link io.octavo.safetensors.ModelWeights} reads a directory
 * of shards, {@link io.octavo.safetensors.SafetensorsWriter} writes one. Files are reached through
 * Hadoop's FileSystem, so any path that Spark can read will do.
 */
@NullMarked
package io.octavo.safetensors;

import org.jspecify.annotations.NullMarked;
