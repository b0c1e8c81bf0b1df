package io.octavo.spark.transport;

import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.netty.SparkTransportConf;
import org.apache.spark.network.util.TransportConf;
import scala.Option;

/**
 * What a transport needs to know of its process.
 *
 * @param security secrets and encryption of the application
 * @param host name or address that peers reach this process by
 * @param bindAddress the interface to listen on
 * @param port to listen on; 0 for any
 */
public record TransportSettings(
    SparkConf conf, SecurityManager security, String host, String bindAddress, int port) {

  /** Threads of the network library for each direction; copies and encryption run there. */
  private static final int THREADS = 2;

  /** Those of the executor this runs in: the host by which other executors fetch its blocks. */
  public static TransportSettings ofExecutor(int port) {
    SparkEnv env = SparkEnv.get();
    String host = env.blockManager().blockManagerId().host();
    return new TransportSettings(env.conf(), env.securityManager(), host, host, port);
  }

  TransportConf transportConf() {
    return SparkTransportConf.fromSparkConf(
        conf, "octavo", THREADS, Option.empty(), Option.apply(security.getRpcSSLOptions()));
  }
}
