package io.octavo.spark.ml;

import io.octavo.checkpoint.CheckpointManifest;
import java.util.ArrayList;
import java.util.List;

/** What can surprise where a checkpoint path was used before: no steps left, or other data. */
final class ResumeNotes {

  private ResumeNotes() {}

  /**
   * One sentence each; none where the run simply goes on.
   *
   * @param order what decides the place of samples in the run that resumes
   * @param lastStep of the run that resumes
   */
  static List<String> of(CheckpointManifest manifest, String order, long lastStep) {
    List<String> notes = new ArrayList<>();
    if (manifest.step() >= lastStep) {
      notes.add(
          "the checkpoint of step %d is not before the last step (%d), so nothing is trained; set resume=never to start afresh"
              .formatted(manifest.step(), lastStep));
    }
    String before = manifest.properties().getOrDefault(TrainingBody.ORDER, order);
    if (!before.equals(order)) {
      notes.add(
          "the checkpoint of step %d is of %s and this run has %s, so samples do not follow on from it"
              .formatted(manifest.step(), before, order));
    }
    return notes;
  }
}
