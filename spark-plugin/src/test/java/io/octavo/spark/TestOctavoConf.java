package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestOctavoConf {

  @Test
  void theTableInTheManualIsTheOneOfTheCode() throws Exception {
    String manual = Files.readString(Path.of("README.md"));
    int begin = manual.indexOf('\n', manual.indexOf("<!-- settings: begin")) + 1;
    int end = manual.indexOf("<!-- settings: end");
    assertThat(manual.substring(begin, end)).isEqualTo(OctavoConf.table());
  }

  @Test
  void absentSettingsHaveTheirDefaults() {
    OctavoConf conf = OctavoConf.of(new SparkConf(false));
    assertThat(conf.heartbeatTimeout()).isEqualTo(Duration.ofSeconds(300));
    assertThat(conf.maxRestarts()).isEqualTo(3);
    assertThat(conf.transportTimeout()).isGreaterThan(conf.heartbeatTimeout());
  }

  @Test
  void readsTimesInSparksWords() {
    OctavoConf conf =
        OctavoConf.of(
            new SparkConf(false)
                .set("spark.octavo.training.heartbeatTimeout", "5m")
                .set("spark.octavo.training.heartbeatInterval", "500ms"));
    assertThat(conf.heartbeatTimeout()).isEqualTo(Duration.ofMinutes(5));
    assertThat(conf.heartbeatInterval()).isEqualTo(Duration.ofMillis(500));
  }

  @ParameterizedTest
  @CsvSource({
    "spark.octavo.training.heartbeatTimeout,soon",
    "spark.octavo.training.heartbeatTimeout,0s",
    "spark.octavo.training.maxRestarts,-1",
    "spark.octavo.training.maxRestarts,many",
    "spark.octavo.transport.port,65536",
    "spark.octavo.backend,abacus"
  })
  void namesTheSettingWhoseValueIsNotAllowed(String key, String value) {
    SparkConf conf = new SparkConf(false).set(key, value);
    assertThatThrownBy(() -> OctavoConf.of(conf))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Invalid " + key + ": " + value + " (expected ");
  }

  @Test
  void refusesSettingsItDoesNotKnowButNotThoseOfTheNetworkLibrary() {
    SparkConf conf = new SparkConf(false).set("spark.octavo.io.serverThreads", "4");
    assertThat(OctavoConf.of(conf).backend()).isEqualTo("auto");
    conf.set("spark.octavo.training.maxRestart", "1");
    assertThatThrownBy(() -> OctavoConf.of(conf))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("spark.octavo.training.maxRestart ")
        .hasMessageContaining("spark.octavo.training.maxRestarts");
  }
}
