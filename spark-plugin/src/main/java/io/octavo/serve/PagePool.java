package io.octavo.serve;

import io.octavo.kernel.CacheKernels;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Lends pages. A full page of a prompt is known by its tokens and all before them, and stays after
 * its last reader until its room is wanted, the longest unread first: a prompt with the same head
 * begins behind it.
 */
final class PagePool {

  /** A page's tokens, and which page lies before it. */
  private record Content(long before, IntTokens tokens) {}

  /** Tokens compared by value. */
  private record IntTokens(int[] ids) {
    @Override
    public boolean equals(Object other) {
      return other instanceof IntTokens tokens && Arrays.equals(ids, tokens.ids);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(ids);
    }
  }

  /** A page with known content; serials are never used again, so a chain cannot be mistaken. */
  private record Known(int page, long serial, Content content) {}

  private static final long NOTHING_BEFORE = 0;

  private final int[] readers;
  private final Deque<Integer> free = new ArrayDeque<>();
  private final Map<Content, Known> known = new HashMap<>();
  private final Map<Integer, Known> knownOf = new HashMap<>();

  /** Known pages without readers, the longest unread first. */
  private final Map<Integer, Known> idle = new LinkedHashMap<>();

  private long serials = NOTHING_BEFORE;
  private long sharedTokens;

  PagePool(int pages) {
    readers = new int[pages];
    for (int page = 0; page < pages; page++) {
      free.add(page);
    }
  }

  static int pagesFor(int tokens) {
    return (tokens + CacheKernels.PAGE - 1) / CacheKernels.PAGE;
  }

  int size() {
    return readers.length;
  }

  /** Pages that nobody reads. */
  int available() {
    return free.size() + idle.size();
  }

  /** Tokens of prompts that were found rather than computed. */
  long sharedTokens() {
    return sharedTokens;
  }

  /** Pages of a sequence and how many of its first tokens they hold already. */
  record Lease(int[] pages, int tokens) {}

  /**
   * Pages for {@code total} tokens, the first of them those of an equal prompt head where there is
   * one; nothing where there are too few.
   *
   * @param shareable how many of the prompt's tokens may be taken from others
   */
  Optional<Lease> lend(int[] prompt, int shareable, int total) {
    int[] pages = new int[pagesFor(total)];
    int shared = 0;
    long before = NOTHING_BEFORE;
    while ((shared + 1) * CacheKernels.PAGE <= shareable) {
      Known found = known.get(content(before, prompt, shared));
      if (found == null) {
        break;
      }
      pages[shared++] = found.page;
      before = found.serial;
      read(found.page);
    }
    if (available() < pages.length - shared) {
      release(Arrays.copyOf(pages, shared));
      return Optional.empty();
    }
    for (int i = shared; i < pages.length; i++) {
      pages[i] = fresh();
      readers[pages[i]] = 1;
    }
    sharedTokens += (long) shared * CacheKernels.PAGE;
    return Optional.of(new Lease(pages, shared * CacheKernels.PAGE));
  }

  private static Content content(long before, int[] tokens, int index) {
    int from = index * CacheKernels.PAGE;
    return new Content(
        before, new IntTokens(Arrays.copyOfRange(tokens, from, from + CacheKernels.PAGE)));
  }

  private void read(int page) {
    if (readers[page]++ == 0) {
      idle.remove(page);
    }
  }

  private int fresh() {
    if (!free.isEmpty()) {
      return free.remove();
    }
    Known oldest = idle.values().iterator().next();
    idle.remove(oldest.page);
    known.remove(oldest.content);
    knownOf.remove(oldest.page);
    return oldest.page;
  }

  /** Says that the first {@code tokens} of a prompt are in its pages now. */
  void computed(int[] prompt, int tokens, int[] pages) {
    long before = NOTHING_BEFORE;
    for (int i = 0; (i + 1) * CacheKernels.PAGE <= Math.min(tokens, prompt.length); i++) {
      Content content = content(before, prompt, i);
      Known there = known.get(content);
      if (there == null && !knownOf.containsKey(pages[i])) {
        there = new Known(pages[i], ++serials, content);
        known.put(content, there);
        knownOf.put(pages[i], there);
      }
      if (there == null) {
        return;
      }
      before = there.serial;
    }
  }

  /** Takes pages back from one reader. */
  void release(int[] pages) {
    for (int page : pages) {
      if (--readers[page] > 0) {
        continue;
      }
      Known content = knownOf.get(page);
      if (content == null) {
        free.add(page);
      } else {
        idle.put(page, content);
      }
    }
  }
}
