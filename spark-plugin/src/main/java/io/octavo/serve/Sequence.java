package io.octavo.serve;

import java.util.concurrent.CompletableFuture;

/** A request on its way: which tokens it has, which of them are computed, and what it waits for. */
abstract class Sequence {

  private int[] pages = new int[0];
  private int computed;

  /** What the caller waits for; done early where the caller gave up. */
  abstract CompletableFuture<?> future();

  /** Tokens so far. */
  abstract int length();

  abstract int token(int position);

  /** Tokens it may have at the end. */
  abstract int mostTokens();

  /** Its first tokens that others may have computed: nothing is wanted of them but their cache. */
  abstract int shareable();

  /** All tokens that it began with. */
  abstract int[] prompt();

  /** Whether the logits after a position are wanted for drawing. */
  boolean draws(int position) {
    return false;
  }

  /** The token whose probability after a position is wanted; -1 for none. */
  int scores(int position) {
    return -1;
  }

  /** Whether the hidden state of a position is wanted. */
  boolean wantsHidden() {
    return false;
  }

  /** Whether all that it waited for is there. */
  abstract boolean finished();

  /** Gives the result to the caller. */
  abstract void complete();

  void lend(PagePool.Lease lease) {
    pages = lease.pages();
    computed = lease.tokens();
  }

  int[] pages() {
    return pages;
  }

  /** Tokens whose keys and values are in the cache. */
  int computed() {
    return computed;
  }

  void advance(int tokens) {
    computed += tokens;
  }
}
