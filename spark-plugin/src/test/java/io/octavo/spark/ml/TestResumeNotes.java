package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.checkpoint.CheckpointManifest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TestResumeNotes {

  private static final String ORDER = "500 samples of 64 tokens, batchSize 8, seed 1";

  private static CheckpointManifest manifest(Map<String, String> properties) {
    return new CheckpointManifest(40, 2, properties, List.of());
  }

  @Test
  void aRunThatSimplyGoesOnHasNone() {
    assertThat(ResumeNotes.of(manifest(Map.of(TrainingBody.ORDER, ORDER)), ORDER, 41)).isEmpty();
    assertThat(ResumeNotes.of(manifest(Map.of()), ORDER, 41)).isEmpty();
  }

  @Test
  void aRunWithNothingLeftIsTold() {
    assertThat(ResumeNotes.of(manifest(Map.of()), ORDER, 40))
        .containsExactly(
            "the checkpoint of step 40 is not before the last step (40), so nothing is trained; set"
                + " resume=never to start afresh");
  }

  @Test
  void otherDataOrBatchesAreTold() {
    String other = ORDER.replace("batchSize 8", "batchSize 16");
    assertThat(ResumeNotes.of(manifest(Map.of(TrainingBody.ORDER, ORDER)), other, 100))
        .containsExactly(
            "the checkpoint of step 40 is of "
                + ORDER
                + " and this run has "
                + other
                + ", so samples do not follow on from it");
  }
}
