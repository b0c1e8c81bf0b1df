/**
 * From text to token ids: tokenizers, and the packing of documents into sequences of one length.
 *
 * <p>A packed sequence is an array of ids. Documents in it are separated by the tokenizer's end of
 * text, padding is {@link io.octavo.tokens.SequencePacker#PADDING}; nothing else is stored beside.
 */
@NullMarked
package io.octavo.tokens;

import org.jspecify.annotations.NullMarked;
