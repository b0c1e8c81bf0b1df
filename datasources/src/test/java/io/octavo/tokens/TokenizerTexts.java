package io.octavo.tokens;

/** Small tokenizer.json files of every kind of model. */
final class TokenizerTexts {

  private TokenizerTexts() {}

  /** Pairs of bytes, as GPT-2's and Llama 3's. */
  static final String BPE =
      """
      {"version": "1.0", "truncation": null, "padding": null,
       "added_tokens": [{"id": 9, "content": "<|end|>", "single_word": false, "lstrip": false,
         "rstrip": false, "normalized": false, "special": true}],
       "normalizer": {"type": "NFC"},
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
         "use_regex": true},
       "post_processor": null, "decoder": {"type": "ByteLevel", "add_prefix_space": true,
         "trim_offsets": true, "use_regex": true},
       "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
         "byte_fallback": false, "ignore_merges": false,
         "vocab": {"h": 0, "e": 1, "l": 2, "o": 3, "\u0120": 4, "he": 5, "ll": 6, "llo": 7,
           "hello": 8},
         "merges": [["h", "e"], ["l", "l"], ["ll", "o"], ["he", "llo"]]}}""";

  /** Pieces with scores, as SentencePiece's and T5's. */
  static final String UNIGRAM =
      """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
       "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "_"},
         {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]},
       "pre_tokenizer": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always",
         "split": true},
       "post_processor": null,
       "decoder": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always",
         "split": true},
       "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
         "vocab": [["<unk>", 0.0], ["_", -2.5], ["hel", -3.25], ["lo", -1.5], ["h", -5],
           ["e", -5.5], ["l", -4]]}}""";

  /** Whole words and word pieces, as BERT's. */
  static final String WORD_PIECE =
      """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
       "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
         "strip_accents": null, "lowercase": true},
       "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\\\s+"}, "behavior": "Removed",
         "invert": false},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "[C]", "type_id": 0}},
           {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"[C]": {"id": "[C]", "ids": [1], "tokens": ["[C]"]}}},
       "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
       "model": {"type": "WordPiece", "unk_token": "[U]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 100,
         "vocab": {"[U]": 0, "[C]": 1, "hello": 2, "he": 3, "##llo": 4, "##l": 5}}}""";
}
