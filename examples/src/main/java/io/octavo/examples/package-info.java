/**
 * Small programs a reader runs first.
 *
 * <p>{@link io.octavo.examples.Pretrain} is the main job: one model, trained in BF16 and in FP8
 * from the same text, compared, saved, loaded and asked for a line of text. {@link
 * io.octavo.examples.Quickstart} is the same in ten lines.
 */
@NullMarked
package io.octavo.examples;

import org.jspecify.annotations.NullMarked;
