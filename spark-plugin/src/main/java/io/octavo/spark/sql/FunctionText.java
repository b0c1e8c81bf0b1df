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
 * @param note what holds for all functions of its kind
 * @param example a query
 */
record FunctionText(
    String name,
    Class<?> expression,
    Function<Seq<Expression>, Expression> builder,
    String usage,
    List<String> arguments,
    String note,
    String example) {

  private static final String SINCE = "0.1.0";

  private static final String MODEL =
      "model - string, path of a model's directory, the same for all rows";
  private static final String FAIL =
      "failOnError - boolean; true: a row that cannot be answered fails the query; false: the result is struct<response, error>";
  private static final String OF_MODELS =
      "Arguments without a name come first and in this order, others as name => value. A row's answer depends on the row alone. Rows are asked in batches, each executor's by its one copy of the model.";
  private static final String OF_VECTORS =
      "Codes of 4 bits lie two to a byte, the lower half first. A number is its code's value times the scale of its group.";

  static List<FunctionText> all() {
    return List.of(
        new FunctionText(
            "octavo_generate",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.GENERATE, arguments),
            "_FUNC_(model, prompt, maxTokens => 64, temperature => 0, topP => 1, seed => 0, stop => array(), failOnError => true) - Continues prompt by a model: string, without the prompt.",
            List.of(
                MODEL,
                "prompt - string to continue; null gives null; an empty one, one that is not UTF-8 and one that leaves no place in the model's context cannot be answered",
                "maxTokens - int, most tokens to add; fewer where the text ends or the context is full",
                "temperature - float; 0 for the most probable token, else the heat of the draws",
                "topP - float in (0, 1]; draws are among the most probable tokens that together have this probability",
                "seed - bigint, of the draws; with it and the prompt they are always the same",
                "stop - array<string>, texts that end the answer, which they are not part of",
                FAIL),
            OF_MODELS,
            "SELECT _FUNC_('/models/llama', concat('Summary of: ', body), maxTokens => 32) FROM mails"),
        new FunctionText(
            "octavo_score",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.SCORE, arguments),
            "_FUNC_(model, text, window => 0, failOnError => true) - How probable a text is to a model: struct<nll double, tokens bigint, perplexity double>; nll in nats, perplexity is exp(nll / tokens), null without tokens.",
            List.of(
                MODEL,
                "text - string; null gives null; one longer than a window is cut into several, which do not see each other",
                "window - int, tokens scored together, the first of them as context only; 0 for as many as the model can see",
                FAIL),
            OF_MODELS,
            "SELECT _FUNC_('/models/llama', body).perplexity FROM mails"),
        new FunctionText(
            "octavo_embed",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.EMBED, arguments),
            "_FUNC_(model, text, failOnError => true) - The mean of a model's final hidden states over a text: array<float>.",
            List.of(
                MODEL,
                "text - string of at least a token and at most the model's context; null gives null",
                FAIL),
            OF_MODELS,
            "SELECT _FUNC_('/models/llama', title) FROM mails"),
        new FunctionText(
            "octavo_tokens",
            ModelCall.class,
            arguments -> ModelCall.of(ModelFunction.TOKENS, arguments),
            "_FUNC_(model, text, failOnError => true) - Token ids of a text by a model's tokenizer: array<int>.",
            List.of(MODEL, "text - string; null gives null", FAIL),
            OF_MODELS,
            "SELECT size(_FUNC_('/models/llama', body)) FROM mails"),
        new FunctionText(
            "octavo_quantize",
            VectorCall.class,
            arguments -> VectorCall.of(VectorFunction.QUANTIZE, arguments),
            "_FUNC_(vector, format, group) - Casts a vector to codes of 8 or 4 bits with a scale for each group: struct<format string, group int, length int, codes binary, scales array<float>>.",
            List.of(
                "vector - array<float>; null, or with a null in it, gives null",
                "format - string, " + VectorFormat.names() + "; the same for all rows",
                "group - int, elements that share a scale; the last group of a vector may be short"),
            OF_VECTORS,
            "SELECT _FUNC_(embedding, 'e4m3', 32) FROM documents"),
        new FunctionText(
            "octavo_dequantize",
            VectorCall.class,
            arguments -> VectorCall.of(VectorFunction.DEQUANTIZE, arguments),
            "_FUNC_(quantized) - The numbers of a quantized vector, codes times scales: array<float>.",
            List.of("quantized - what octavo_quantize gave; null gives null"),
            OF_VECTORS,
            "SELECT _FUNC_(quantized) FROM documents"),
        new FunctionText(
            "octavo_similarity",
            VectorCall.class,
            arguments -> VectorCall.of(VectorFunction.SIMILARITY, arguments),
            "_FUNC_(a, b) - Cosine of the angle between two quantized vectors, by their codes and scales: double; null where one is zero.",
            List.of(
                "a - what octavo_quantize gave; null gives null",
                "b - another of as many elements, in any format and group"),
            OF_VECTORS,
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
        "\n    " + note + "\n  ",
        "misc_funcs",
        SINCE,
        "",
        "java_udf");
  }
}
