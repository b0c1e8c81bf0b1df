package io.octavo.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.cpu.CpuBackend;
import io.octavo.golden.GoldenFiles;
import io.octavo.kernel.CacheFormat;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.layout.PublishedLayout;
import io.octavo.ptq.LayerMethod;
import io.octavo.ptq.ModelQuantizer;
import io.octavo.ptq.QuantizationMethod;
import io.octavo.ptq.QuantizationPlan;
import io.octavo.ptq.ScaleConstraint;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What headers say against what a loaded model takes. */
class TestServedMemory {

  private static final Configuration HADOOP = new Configuration(false);

  @TempDir static Path directory;

  private static org.apache.hadoop.fs.Path wiki;

  @BeforeAll
  static void unpack() {
    Path unpacked = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    wiki = new org.apache.hadoop.fs.Path(unpacked.toUri());
  }

  private static void compare(org.apache.hadoop.fs.Path path, EngineConfig engine) {
    try (HuggingFaceFiles files = HuggingFaceFiles.open(path, HADOOP);
        ServedModel model = ServedModel.load(files, engine, new CpuBackend(1))) {
      // Tensors start at multiples of some bytes; parts of a product may have no scale of their
      // own.
      assertThat((double) model.bytes() / ServedMemory.bytes(files, engine)).isBetween(0.995, 1.0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp8-row", "fp8-tensor", "fp8-block", "int8-row", "w4a8-e2m1-32"})
  void knowsQuantizedModels(String scheme) {
    org.apache.hadoop.fs.Path quantized = new org.apache.hadoop.fs.Path(wiki.getParent(), scheme);
    LayerMethod method = new LayerMethod(scheme, new ScaleConstraint.Free());
    ModelQuantizer.run(
        wiki,
        quantized,
        HADOOP,
        QuantizationPlan.of(method),
        QuantizationMethod.ROUND_TO_NEAREST,
        scheme.equals("fp8-block") ? PublishedLayout.FP8 : PublishedLayout.COMPRESSED_TENSORS);
    compare(quantized, EngineConfig.defaults());
  }

  @Test
  void knowsModelsOfNumbers() {
    compare(wiki, EngineConfig.defaults());
    compare(wiki, new EngineConfig(1 << 20, CacheFormat.INT4, 8, 48, 100));
  }
}
