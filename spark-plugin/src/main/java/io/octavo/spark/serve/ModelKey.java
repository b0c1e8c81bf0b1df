package io.octavo.spark.serve;

import io.octavo.spark.OctavoConf;
import org.apache.hadoop.fs.Path;

/**
 * What makes two requests ask for the same model.
 *
 * @param checksum of the directory's files
 */
record ModelKey(Path directory, String checksum, OctavoConf conf) {}
