/**
 * The functions over Spark Connect. The server is a process with Spark, the plugin's jar and one
 * setting; the client, this one, has Spark's client and no class of Octavo.
 */
package io.octavo.connect;
