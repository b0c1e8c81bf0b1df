package io.octavo.connect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Spark's Connect server in a process of its own, started as the manual says. It takes a free port
 * and is ready once its log says which.
 */
final class ConnectServer implements AutoCloseable {

  private static final Pattern STARTED = Pattern.compile("server started at: .*:(\\d+)");
  private static final long POLL_MILLIS = 50;

  private final Process process;
  private final String port;

  private ConnectServer(Process process, String port) {
    this.process = process;
    this.port = port;
  }

  static ConnectServer start(Path directory) throws IOException, InterruptedException {
    Path log = Path.of(System.getProperty("server.log"));
    Process process =
        new ProcessBuilder(command())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    boolean alive = true;
    while (alive) {
      alive = process.isAlive();
      Matcher started = STARTED.matcher(Files.readString(log));
      if (started.find()) {
        return new ConnectServer(process, started.group(1));
      }
      Thread.sleep(POLL_MILLIS);
    }
    throw new IOException("Cannot start the Connect server:\n" + Files.readString(log));
  }

  private static List<String> command() throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classPath = Files.readString(Path.of(System.getProperty("server.classpath"))).trim();
    List<String> command = new ArrayList<>(List.of(java, "-Xmx1g", "-cp", classPath));
    command.addAll(List.of(System.getProperty("server.options").trim().split(" +")));
    command.addAll(
        List.of("org.apache.spark.deploy.SparkSubmit", "--master", "local[2]", "--class"));
    command.add("org.apache.spark.sql.connect.service.SparkConnectServer");
    command.addAll(List.of("--jars", System.getProperty("plugin.jar")));
    for (String setting :
        List.of(
            "spark.plugins=io.octavo.spark.OctavoPlugin",
            "spark.connect.grpc.binding.address=127.0.0.1",
            "spark.connect.grpc.binding.port=0",
            "spark.ui.enabled=false")) {
      command.addAll(List.of("--conf", setting));
    }
    command.add("spark-internal");
    return command;
  }

  String address() {
    return "sc://127.0.0.1:" + port;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }
}
