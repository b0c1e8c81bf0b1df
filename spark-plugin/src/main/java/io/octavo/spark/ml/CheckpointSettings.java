package io.octavo.spark.ml;

import java.io.Serializable;

/** Where and how often checkpoints are written. */
record CheckpointSettings(String path, int interval, int keep) implements Serializable {}
