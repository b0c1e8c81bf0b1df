package io.octavo.collective;

import static io.octavo.collective.OpaqueBackend.tensor;
import static io.octavo.collective.OpaqueBackend.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.kernel.Backend;
import io.octavo.tensor.Tensor;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestPeerCollective {

  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration SHORT = Duration.ofMillis(200);

  private final Backend backend = OpaqueBackend.create();

  @ParameterizedTest
  @CsvSource({"1,5,4", "2,1,4", "2,13,4", "3,100,7", "4,1000,31", "2,4098,128", "3,0,4"})
  void gathersShardsByRankWhateverTheChunks(int worldSize, int elements, int chunk)
      throws Exception {
    float[] expected = random(worldSize * elements, 1);
    List<float[]> results =
        Ranks.run(
            worldSize,
            transport -> {
              Collective collective = collective(transport, chunk);
              float[] own = new float[elements];
              System.arraycopy(expected, collective.rank() * elements, own, 0, elements);
              Tensor full = tensor(backend, new float[worldSize * elements]);
              collective.allGather(tensor(backend, own), full);
              return values(backend, full);
            });
    assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(expected));
  }

  @ParameterizedTest
  @CsvSource({"1,5,4", "2,1,4", "2,13,4", "3,100,7", "4,1000,31", "5,129,16"})
  void addsSumsInRankOrder(int worldSize, int elements, int chunk) throws Exception {
    List<float[]> results =
        Ranks.run(
            worldSize,
            transport -> {
              Collective collective = collective(transport, chunk);
              int rank = collective.rank();
              Tensor shard = tensor(backend, random(elements, 100 + rank));
              // Awkward timing: the last rank comes first.
              Thread.sleep((worldSize - rank) * 5L);
              collective.reduceScatterAdd(
                  tensor(backend, random(worldSize * elements, rank)), shard);
              return values(backend, shard);
            });
    for (int rank = 0; rank < worldSize; rank++) {
      assertThat(results.get(rank)).isEqualTo(expectedSum(rank, worldSize, elements));
    }
  }

  private static float[] expectedSum(int rank, int worldSize, int elements) {
    float[] result = random(elements, 100 + rank);
    for (int i = 0; i < elements; i++) {
      float sum = 0;
      for (int peer = 0; peer < worldSize; peer++) {
        sum += random(worldSize * elements, peer)[rank * elements + i];
      }
      result[i] += sum;
    }
    return result;
  }

  @Test
  void reducesDoublesToTheSameBitsOnEveryRank() throws Exception {
    double[] expected = new double[3];
    for (int rank = 0; rank < 3; rank++) {
      for (int i = 0; i < expected.length; i++) {
        expected[i] += Math.pow(rank + 0.1, i + 1);
      }
    }
    List<double[]> results =
        Ranks.run(
            3,
            transport -> {
              double base = transport.rank() + 0.1;
              double[] sums = {base, Math.pow(base, 2), Math.pow(base, 3)};
              collective(transport, 4).allReduceSum(sums);
              return sums;
            });
    assertThat(results).allSatisfy(result -> assertThat(result).containsExactly(expected));
  }

  @Test
  void operationsFollowEachOtherWithoutMixing() throws Exception {
    List<Double> results =
        Ranks.run(
            4,
            transport -> {
              Collective collective = collective(transport, 4);
              double last = 0;
              for (int i = 0; i < 500; i++) {
                double[] value = {i};
                collective.allReduceSum(value);
                collective.barrier();
                last += value[0];
              }
              return last;
            });
    assertThat(results).containsOnly(4.0 * 499 * 500 / 2);
  }

  @Test
  void countsPayloadBytesSent() throws Exception {
    List<Long> sent =
        Ranks.run(
            3,
            transport -> {
              Collective collective = collective(transport, 4);
              collective.allGather(tensor(backend, new float[10]), tensor(backend, new float[30]));
              return collective.bytesSent();
            });
    assertThat(sent).containsOnly(2L * 10 * Float.BYTES);
  }

  @Test
  void namesTheLateRankTheOperationAndTheDeadline() {
    List<Future<String>> ranks =
        Ranks.start(
            2,
            transport -> {
              Collective collective = new PeerCollective(transport, backend, SHORT, 4);
              collective.barrier();
              if (transport.rank() == 0) {
                collective.allGather(
                    tensor(backend, new float[10]), tensor(backend, new float[20]));
              }
              return "";
            });
    assertThatThrownBy(() -> ranks.get(0).get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(TimeoutException.class)
        .cause()
        .isInstanceOf(CollectiveException.class)
        .hasMessage(
            "Cannot finish allGather (operation 1): rank 1 is late, it sent nothing for 200 ms");
  }

  @Test
  void abortOnOneRankWakesAllRanksAtOnce() throws Exception {
    long start = System.nanoTime();
    List<Future<String>> ranks =
        Ranks.start(
            3,
            transport -> {
              Collective collective = collective(transport, 4);
              if (transport.rank() == 2) {
                Thread.sleep(50);
                collective.abort("out of luck");
              }
              collective.barrier();
              return "";
            });
    for (Future<String> rank : ranks) {
      assertThatThrownBy(() -> rank.get(5, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("out of luck");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void failureOnOneRankEndsTheWaitsOfTheOthers() {
    List<Future<String>> ranks =
        Ranks.start(
            3,
            transport -> {
              Collective collective =
                  new PeerCollective(
                      transport, backend, transport.rank() == 0 ? SHORT : DEADLINE, 4);
              if (transport.rank() < 2) {
                collective.barrier();
              }
              return "";
            });
    assertThatThrownBy(() -> ranks.get(1).get(5, TimeUnit.SECONDS))
        .hasMessageContaining("rank 0 aborted")
        .hasMessageContaining("rank 2 is late");
  }

  @Test
  void aRankThatIsDoneFailsOnlyThoseWhoStillWaitForIt() throws Exception {
    List<Future<String>> ranks =
        Ranks.start(
            3,
            transport -> {
              try (Collective collective = collective(transport, 4)) {
                collective.barrier();
                if (transport.rank() > 0) {
                  collective.barrier();
                }
                return "done";
              }
            });
    assertThat(ranks.get(0).get()).isEqualTo("done");
    assertThatThrownBy(() -> ranks.get(1).get(5, TimeUnit.SECONDS))
        .hasMessageContaining("Cannot finish barrier (operation 1)")
        .hasMessageContaining("rank 0");
  }

  @Test
  void differentOperationsAreAnErrorAndNotAHang() {
    List<Future<String>> ranks =
        Ranks.start(
            2,
            transport -> {
              Collective collective = collective(transport, 4);
              collective.allReduceSum(new double[1 + transport.rank()]);
              return "";
            });
    assertThatThrownBy(() -> ranks.get(0).get(5, TimeUnit.SECONDS))
        .hasMessageContaining("ranks must call the same operations");
  }

  @Test
  void refusesAWholeThatIsNotOneShardARank() throws Exception {
    Transport transport = InProcessTransport.connect(2).get(0);
    assertThatThrownBy(
            () ->
                collective(transport, 4)
                    .allGather(tensor(backend, new float[3]), tensor(backend, new float[7])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot allGather: the whole has 7 elements (expected 2 shards of 3)");
  }

  @Test
  void oneRankIsTheWholeWorld() {
    try (Collective collective = new LocalCollective(backend)) {
      Tensor shard = tensor(backend, 1, 2);
      Tensor full = tensor(backend, 0, 0);
      collective.allGather(shard, full);
      collective.reduceScatterAdd(full, shard);
      assertThat(values(backend, full)).containsExactly(1, 2);
      assertThat(values(backend, shard)).containsExactly(2, 4);
      collective.abort("stopped");
      assertThatThrownBy(collective::barrier)
          .isInstanceOf(CollectiveException.class)
          .hasMessage("stopped");
    }
  }

  private PeerCollective collective(Transport transport, int chunk) {
    return new PeerCollective(transport, backend, DEADLINE, chunk);
  }

  private static float[] random(int elements, long seed) {
    Random random = new Random(seed);
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
