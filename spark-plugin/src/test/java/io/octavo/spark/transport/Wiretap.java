package io.octavo.spark.transport;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Passes connections on to a port of this machine and keeps what goes to it. */
final class Wiretap implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  Wiretap(int target) throws IOException {
    this.target = target;
    this.server = new ServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
    start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  boolean heard(String text) {
    synchronized (heard) {
      return heard.toString(StandardCharsets.ISO_8859_1).contains(text);
    }
  }

  int bytes() {
    synchronized (heard) {
      return heard.size();
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  /** A socket that ends, ends its thread. */
  private static void start(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException e) {
                Thread.currentThread().interrupt();
              }
            },
            "wiretap");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket from = server.accept();
      Socket to = new Socket("127.0.0.1", target);
      sockets.addAll(List.of(from, to));
      start(() -> copy(from.getInputStream(), to.getOutputStream(), true));
      start(() -> copy(to.getInputStream(), from.getOutputStream(), false));
    }
  }

  private void copy(InputStream in, OutputStream out, boolean listens) throws IOException {
    byte[] chunk = new byte[1 << 14];
    for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
      if (listens) {
        synchronized (heard) {
          heard.write(chunk, 0, count);
        }
      }
      out.write(chunk, 0, count);
      out.flush();
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
