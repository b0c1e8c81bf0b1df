/**
 * Messages between ranks over Spark's own network library ({@code org.apache.spark.network}), so
 * that {@code spark.authenticate}, {@code spark.network.crypto.*}, {@code spark.authenticate.
 * enableSaslEncryption} and {@code spark.ssl.rpc.*} protect gradients and weights as they protect
 * shuffles. Library settings are those of module {@code octavo}: {@code spark.octavo.io.*}.
 *
 * <p>Every rank serves one port and connects to every other rank's. A connection opens with a
 * {@link io.octavo.spark.transport.Greeting}, which names attempt and rank; those of another
 * attempt are refused. A message is an upload stream, whose bytes go from the caller's memory to
 * the socket and from the socket to the memory that the receiver reads; its reply says that it has
 * arrived. A connection that ends makes both ranks' waits for each other fail at once.
 *
 * <p>Addresses are exchanged by the one {@code allGather} of the barrier stage ({@link
 * io.octavo.spark.transport.Rendezvous}), which takes a second each time and is never used again.
 */
@NullMarked
package io.octavo.spark.transport;

import org.jspecify.annotations.NullMarked;
