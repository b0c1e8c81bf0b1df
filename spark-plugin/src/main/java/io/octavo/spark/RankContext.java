package io.octavo.spark;

import io.octavo.collective.Collective;
import io.octavo.collective.CollectiveException;
import io.octavo.collective.LocalCollective;
import io.octavo.collective.PeerCollective;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Placement;
import io.octavo.spark.transport.Rendezvous;
import io.octavo.spark.transport.SparkTransport;
import io.octavo.spark.transport.TransportSettings;
import io.octavo.train.StepMetrics;
import io.octavo.train.TrainingDivergedException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.resource.ResourceInformation;

/** What a rank has to do with: its peers, the driver, and Spark's wish that it stop. */
public final class RankContext implements AutoCloseable {

  private static final String CANCELLED = "Spark has cancelled the task";

  private final BarrierTaskContext task;
  private final RankAttempt attempt;
  private final int worldSize;
  private final RankMessage.RankId id;
  private final PluginContext driver;
  private final RankProgress progress;
  private final RankWatchdog watchdog;
  private final List<Collective> collectives = new CopyOnWriteArrayList<>();
  private boolean finished;

  RankContext(BarrierTaskContext task, RankAttempt attempt) {
    this.task = task;
    this.attempt = attempt;
    this.worldSize = task.numPartitions();
    this.id = new RankMessage.RankId(attempt.run(), attempt.attempt(), task.partitionId());
    this.driver = OctavoExecutorPlugin.channel();
    this.progress = new RankProgress(id);
    this.watchdog =
        RankWatchdog.start(
            progress,
            driver,
            attempt.conf().heartbeatInterval(),
            this::isCancelled,
            () -> abort(CANCELLED));
  }

  /** This rank. */
  public int rank() {
    return id.rank();
  }

  /** Number of ranks. */
  public int worldSize() {
    return worldSize;
  }

  /** Number of this attempt, counted from 0. */
  public int attempt() {
    return id.attempt();
  }

  /** Steps done before this attempt. */
  public long startStep() {
    return attempt.startStep();
  }

  /** Cores this rank may use. */
  public int threads() {
    return task.cpus();
  }

  /**
   * Where this rank computes: on its task's cores, or on the first GPU that Spark gave the task.
   */
  public Placement placement() {
    ResourceInformation gpus = task.resourcesJMap().get("gpu");
    return gpus == null || gpus.addresses().length == 0
        ? Placement.ofThreads(task.cpus())
        : new Placement(task.cpus(), gpus.addresses()[0]);
  }

  /** Settings of the cluster. */
  public OctavoConf conf() {
    return attempt.conf();
  }

  /** Meets the other ranks; every rank calls it once. The context closes what it returns. */
  public Collective collective(Backend backend) {
    if (!collectives.isEmpty()) {
      throw new IllegalStateException("Cannot meet the other ranks: they have met");
    }
    return worldSize == 1 ? opened(new LocalCollective(backend)) : meet(backend);
  }

  /** Tells that this rank now does something else. */
  public void enter(Phase phase) {
    checkCancelled();
    progress.enter(phase);
  }

  /** Tells that this rank begins a step. */
  public void begin(long step) {
    checkCancelled();
    progress.begin(step);
  }

  /** Tells that a step is done; the driver gets the metrics of rank 0. */
  public void done(StepMetrics metrics) {
    progress.done();
    if (rank() == 0) {
      try {
        driver.send(new RankMessage.StepDone(id, metrics));
      } catch (IOException e) {
        throw new IllegalStateException("Cannot report step " + metrics.step(), e);
      }
    }
  }

  /**
   * Does nothing while the attempt goes on.
   *
   * @throws CollectiveException where Spark has cancelled it
   */
  public void checkCancelled() {
    if (isCancelled()) {
      throw new CollectiveException(CANCELLED);
    }
  }

  /**
   * The body has returned: peers may stop waiting for this rank. Its result goes another way than
   * its metrics, so rank 0 asks to be sure that the driver has them first.
   */
  void finish() {
    finished = true;
    if (rank() == 0) {
      try {
        driver.ask(new RankMessage.Finished(id));
      } catch (Exception e) {
        throw new IllegalStateException("Cannot report the last step: " + e.getMessage(), e);
      }
    }
  }

  /** Tells the driver, then the peers, why this rank stops. */
  void fail(Exception cause) {
    String error = cause.getClass().getSimpleName() + ": " + cause.getMessage();
    boolean consequence = cause instanceof CollectiveException;
    try {
      driver.ask(new RankMessage.Failed(progress.heartbeat(), kind(cause), consequence, error));
    } catch (Exception e) {
      cause.addSuppressed(e);
    }
    abort(error);
  }

  @Override
  public void close() {
    watchdog.close();
    if (!finished) {
      abort("rank %d has failed".formatted(rank()));
    }
    collectives.forEach(Collective::close);
  }

  private Collective meet(Backend backend) {
    SparkTransport transport =
        SparkTransport.listen(
            TransportSettings.ofExecutor(conf().transportPort()),
            attempt.transportId(),
            rank(),
            worldSize);
    PeerCollective collective =
        opened(new PeerCollective(transport, backend, conf().transportTimeout()));
    transport.connect(
        Rendezvous.meet(task, transport.address(version())), conf().transportTimeout());
    progress.follow(collective);
    return collective;
  }

  private <C extends Collective> C opened(C collective) {
    collectives.add(collective);
    return collective;
  }

  private static String version() {
    return Optional.ofNullable(RankContext.class.getPackage().getImplementationVersion())
        .orElse("of unknown version");
  }

  private static RankMessage.Kind kind(Exception cause) {
    if (cause instanceof TrainingDivergedException) {
      return RankMessage.Kind.DIVERGED;
    }
    return cause instanceof IllegalArgumentException
        ? RankMessage.Kind.INVALID
        : RankMessage.Kind.TRANSIENT;
  }

  private boolean isCancelled() {
    return task.isInterrupted() || task.isCompleted();
  }

  private void abort(String reason) {
    collectives.forEach(collective -> collective.abort(reason));
  }
}
