package io.octavo.spark.sql;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import scala.collection.immutable.Seq;

/**
 * A function as {@code DESCRIBE FUNCTION} tells it.
 *
 * @param usage one line
 * @param arguments lines of {@code name - meaning}
 * @param example a query
 */
record FunctionText(
    String name,
    Class<?> expression,
    Function<Seq<Expression>, Expression> builder,
    String usage,
    List<String> arguments,
    String example) {

  private static final String MODEL = "model - path of a model's directory, the same for all rows";
  private static final String FAIL =
      "failOnError - true: a row that cannot be answered fails the query; false: the result is struct<response, error>";

  static List<FunctionText> all() {
    return List.of(
        new FunctionText(
            "octavo_generate",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.GENERATE, arguments),
            "_FUNC_(model, prompt, maxTokens => 64, temperature => 0, topP => 1, seed => 0, stop => array(), failOnError => true) - Continues prompt by a model.",
            List.of(
                MODEL,
                "prompt - text to continue; null gives null",
                "maxTokens - most tokens to add",
                "temperature - 0 for the most probable token; else the heat of the draws",
                "topP - draws are among the most probable tokens that together have this probability",
                "seed - of the draws; with it and the prompt they are always the same",
                "stop - texts that end the answer, which they are not part of",
                FAIL),
            "SELECT _FUNC_('/models/llama', concat('Summary of: ', body), maxTokens => 32) FROM mails"),
        new FunctionText(
            "octavo_score",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.SCORE, arguments),
            "_FUNC_(model, text, window => 0, failOnError => true) - How probable a text is to a model: struct<nll, tokens, perplexity>; nll in nats.",
            List.of(
                MODEL,
                "text - longer than a window it is cut into several, which do not see each other",
                "window - tokens scored together, the first of them as context only; 0 for as many as the model can see",
                FAIL),
            "SELECT _FUNC_('/models/llama', body).perplexity FROM mails"),
        new FunctionText(
            "octavo_embed",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.EMBED, arguments),
            "_FUNC_(model, text, failOnError => true) - The mean of a model's final hidden states over a text: array<float>.",
            List.of(MODEL, "text - at most the model's context long", FAIL),
            "SELECT _FUNC_('/models/llama', title) FROM mails"),
        new FunctionText(
            "octavo_tokens",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.TOKENS, arguments),
            "_FUNC_(model, text, failOnError => true) - Token ids of a text by a model's tokenizer: array<int>.",
            List.of(MODEL, "text - any text", FAIL),
            "SELECT size(_FUNC_('/models/llama', body)) FROM mails"),
        new FunctionText(
            "octavo_quantize",
            VectorCall.class,
            arguments -> VectorCall.of(VectorFunction.QUANTIZE, arguments),
            "_FUNC_(vector, format, group) - Casts a vector to codes of 8 or 4 bits with a scale for each group: struct<format, group, length, codes, scales>.",
            List.of(
                "vector - array<float>; null, or with a null in it, gives null",
                "format - " + VectorFormat.names() + "; the same for all rows",
                "group - elements that share a scale; the last group of a vector may be short"),
            "SELECT _FUNC_(embedding, 'e4m3', 32) FROM documents"),
        new FunctionText(
            "octavo_dequantize",
            VectorCall.class,
            arguments -> VectorCall.of(VectorFunction.DEQUANTIZE, arguments),
            "_FUNC_(quantized) - The numbers of a quantized vector, codes times scales: array<float>.",
            List.of("quantized - what octavo_quantize gave"),
            "SELECT _FUNC_(quantized) FROM documents"),
        new FunctionText(
            "octavo_similarity",
            VectorCall.class,
            arguments -> VectorCall.of(VectorFunction.SIMILARITY, arguments),
            "_FUNC_(a, b) - Cosine of the angle between two quantized vectors, by their codes and scales; null where one is zero.",
            List.of("a - what octavo_quantize gave", "b - another of as many elements"),
            "SELECT _FUNC_(d.quantized, octavo_quantize(q.embedding, 'int8', 64)) FROM documents d, queries q"));
  }

  /** All functions in Markdown. */
  static String manual() {
    return all().stream().map(FunctionText::section).collect(Collectors.joining("\n"));
  }

  private String section() {
    String lines = arguments.stream().map(line -> "- " + line + "\n").collect(Collectors.joining());
    return "### %s%n%n`%s`%s%n%n%s%n```sql%n%s;%n```%n"
        .formatted(
            name,
            usage.substring(0, usage.indexOf(" - ")).replace("_FUNC_", name),
            usage.substring(usage.indexOf(" - ")),
            lines,
            example.replace("_FUNC_", name))
        .replace(System.lineSeparator(), "\n");
  }

  ExpressionInfo info() {
    StringBuilder lines = new StringBuilder("\n    Arguments:\n");
    arguments.forEach(line -> lines.append("      * ").append(line).append('\n'));
    String examples = "\n    Examples:\n      > " + example.replace("_FUNC_", name) + ";\n  ";
    return new ExpressionInfo(
        expression.getName(),
        null,
        name,
        usage,
        lines + "  ",
        examples,
        "",
        "misc_funcs",
        "1.0.0",
        "",
        "java_udf");
  }
}
