import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.model.functions.Generator;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import java.io.File;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;

/**
 * Tokens a second of Jlama 0.8.4 on one stream, counted as ServeBench counts: new tokens over the
 * time from giving the prompt to the last token.
 *
 * <pre>
 * java --enable-preview --enable-native-access=ALL-UNNAMED --add-modules jdk.incubator.vector \
 *   -cp 'lib/*' JlamaPeer.java MODEL THREADS PROMPT TOKENS SAMPLES WORKING:WEIGHTS...
 * </pre>
 *
 * WORKING is F32, BF16 or I8; WEIGHTS is F32, BF16, I8 or Q4.
 */
public final class JlamaPeer {

  private JlamaPeer() {}

  public static void main(String[] arguments) throws Exception {
    File model = new File(arguments[0]);
    int threads = Integer.parseInt(arguments[1]);
    String prompt = arguments[2];
    int tokens = Integer.parseInt(arguments[3]);
    int samples = Integer.parseInt(arguments[4]);
    for (int i = 5; i < arguments.length; i++) {
      String[] types = arguments[i].split(":");
      try {
        measure(model, threads, prompt, tokens, samples, types);
      } catch (RuntimeException | Error e) {
        System.out.printf("%s failed: %s%n", arguments[i], e);
      }
    }
  }

  private static void measure(
      File model, int threads, String prompt, int tokens, int samples, String[] types)
      throws Exception {
    DType weights = DType.valueOf(types[1]);
    try (AbstractModel loaded =
        ModelSupport.loadModel(
            model,
            null,
            DType.F32,
            DType.valueOf(types[0]),
            weights == DType.F32 ? Optional.empty() : Optional.of(weights),
            Optional.of(threads))) {
      long warmUntil = System.nanoTime() + 4_000_000_000L;
      while (System.nanoTime() - warmUntil < 0) {
        run(loaded, prompt, tokens);
      }
      double[] speeds = new double[samples];
      for (int i = 0; i < samples; i++) {
        speeds[i] = run(loaded, prompt, tokens);
      }
      Arrays.sort(speeds);
      System.out.printf(
          "jlama %s inputs %s weights %s: %.1f tokens/s (%.1f to %.1f)%n",
          model.getName(), types[0], types[1], speeds[samples / 2], speeds[0], speeds[samples - 1]);
    }
  }

  private static double run(AbstractModel model, String prompt, int tokens) {
    long begin = System.nanoTime();
    Generator.Response response =
        model.generate(UUID.randomUUID(), PromptContext.of(prompt), 0f, tokens, (word, time) -> {});
    return response.generatedTokens * 1e9 / (System.nanoTime() - begin);
  }
}
