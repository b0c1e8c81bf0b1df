/**
 * GGUF, the file format of llama.cpp: a head of typed key-value pairs and tensor descriptions, then
 * the tensors, each at a multiple of 32 bytes.
 *
 * <p>Extents are stored innermost first. {@link io.octavo.gguf.GgufType} has the types that are
 * written: numbers, and blocks of 32 with an FP16 scale. {@link io.octavo.gguf.GgufWriter} writes a
 * file, {@link io.octavo.gguf.GgufFile} reads one back.
 */
@NullMarked
package io.octavo.gguf;

import org.jspecify.annotations.NullMarked;
