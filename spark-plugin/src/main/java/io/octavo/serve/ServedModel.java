package io.octavo.serve;

import io.octavo.kernel.Backend;
import io.octavo.layout.ModelFiles;
import io.octavo.model.ModelConfig;
import io.octavo.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A loaded model that continues, scores and embeds texts for any number of threads. Requests are
 * computed together; what one gives does not depend on the others. A cancelled future's request
 * leaves at the next step.
 */
public final class ServedModel implements AutoCloseable {

  /** Rows whose logits are computed at once: of large vocabularies they are the largest tensor. */
  private static final int MAX_LOGITS = 64;

  /** The same where a step that continues is one replay, logits and all. */
  private static final int MAX_REPLAYED = 256;

  private static final String CLOSED = "Cannot use model: it is closed";

  private final ModelConfig config;
  private final EngineConfig engine;
  private final Tokenizer tokenizer;
  private final List<Integer> ends;
  private final Backend backend;
  private final ServedWeights weights;
  private final Decoder decoder;
  private final PagePool pool;
  private final Scheduler scheduler;
  private final Semaphore room;
  private final LinkedBlockingQueue<Sequence> arrivals = new LinkedBlockingQueue<>();
  private final AtomicLong computedTokens = new AtomicLong();
  private final AtomicLong steps = new AtomicLong();
  private final Thread thread;
  private volatile boolean closed;
  private boolean released;

  private ServedModel(ModelFiles files, EngineConfig engine, Backend backend, Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.config = files.config();
    this.engine = engine;
    this.backend = backend;
    this.ends = files.endsOfText();
    weights = ServedWeights.load(files, backend);
    pool = new PagePool(ServedMemory.pages(config, engine));
    int logits =
        backend.replaysSteps()
            ? Math.max(MAX_LOGITS, Math.min(MAX_REPLAYED, engine.maxBatch()))
            : MAX_LOGITS;
    int rows = Math.max(logits, engine.maxBatch() + engine.prefillChunk());
    try {
      requirePages();
      decoder = new Decoder(weights, backend, engine.cacheFormat(), pool.size(), rows, logits);
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
    scheduler = new Scheduler(pool, decoder, engine);
    room = new Semaphore(engine.maxQueued());
    thread = new Thread(this::serve, "octavo-serve");
    thread.setDaemon(true);
    thread.start();
  }

  private void requirePages() {
    if (pool.size() < 1) {
      throw new IllegalArgumentException(
          "Cannot serve model: a page of its cache takes %d bytes, cacheMemory is %d"
              .formatted(ServedMemory.pageBytes(config, engine), engine.cacheBytes()));
    }
  }

  /**
   * Loads a model. The backend is the model's from now on, and closed with it or where loading
   * fails.
   *
   * @throws io.octavo.format.CorruptDataException where its files are not right
   * @throws IllegalArgumentException where memory is too small
   */
  public static ServedModel load(ModelFiles files, EngineConfig engine, Backend backend) {
    try {
      Tokenizer tokenizer = files.tokenizer().open();
      try {
        return new ServedModel(files, engine, backend, tokenizer);
      } catch (RuntimeException e) {
        tokenizer.close();
        throw e;
      }
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  /** Shape of the model. */
  public ModelConfig config() {
    return config;
  }

  /** Its tokenizer, for any thread. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Memory that weights and cache take. */
  public long bytes() {
    return weights.bytes() + pool.size() * ServedMemory.pageBytes(config, engine);
  }

  /** Whether it answers; not any more once it is closed or a step has failed. */
  public boolean serving() {
    return !closed;
  }

  /** Tokens that went through the model so far. */
  public long computedTokens() {
    return computedTokens.get();
  }

  /** Steps in which they did. */
  public long steps() {
    return steps.get();
  }

  /** Prompt tokens that were found in the cache rather than computed. */
  public long sharedTokens() {
    return pool.sharedTokens();
  }

  /**
   * Continues a prompt.
   *
   * @throws IllegalArgumentException where it does not fit the context or the cache
   */
  public CompletableFuture<Generation> generate(GenerationRequest request) {
    check(request.prompt());
    if (request.prompt().length >= config.contextLength()) {
      throw new IllegalArgumentException(
          "Cannot continue prompt of %d tokens: the model's context has %d; shorten the prompt"
              .formatted(request.prompt().length, config.contextLength()));
    }
    GenerateSequence sequence =
        new GenerateSequence(request, config.contextLength(), ends, tokenizer);
    submit(sequence);
    return sequence.future();
  }

  /**
   * Scores a text; one longer than the context is cut into windows of the context's length.
   *
   * @throws IllegalArgumentException where an id is outside the vocabulary
   */
  public CompletableFuture<Score> score(int[] tokens) {
    return score(tokens, config.contextLength());
  }

  /** Scores a text in windows of {@code window} tokens, which do not see each other. */
  public CompletableFuture<Score> score(int[] tokens, int window) {
    check(tokens);
    List<ScoreSequence> windows = new ArrayList<>();
    long scored = 0;
    for (int from = 0; from + 1 < tokens.length; from += window) {
      int to = Math.min(tokens.length, from + window);
      if (to - from > 1) {
        windows.add(new ScoreSequence(Arrays.copyOfRange(tokens, from, to)));
        scored += to - from - 1;
      }
    }
    windows.forEach(this::submit);
    long count = scored;
    CompletableFuture<Score> result =
        CompletableFuture.allOf(
                windows.stream().map(ScoreSequence::future).toArray(CompletableFuture[]::new))
            .thenApply(
                ignored ->
                    new Score(windows.stream().mapToDouble(w -> w.future().join()).sum(), count));
    result.whenComplete((score, failure) -> windows.forEach(w -> w.future().cancel(false)));
    return result;
  }

  /**
   * The mean of a text's final hidden states, after the final norm.
   *
   * @throws IllegalArgumentException where it is empty or longer than the context
   */
  public CompletableFuture<float[]> embed(int[] tokens) {
    check(tokens);
    if (tokens.length == 0 || tokens.length > config.contextLength()) {
      throw new IllegalArgumentException(
          "Cannot embed text of %d tokens: one to %d, the model's context, can be"
              .formatted(tokens.length, config.contextLength()));
    }
    EmbedSequence sequence = new EmbedSequence(tokens.clone(), config.hidden());
    submit(sequence);
    return sequence.future();
  }

  private void check(int[] tokens) {
    for (int id : tokens) {
      if (id < 0 || id >= config.vocabulary()) {
        throw new IllegalArgumentException(
            "Cannot use token id %d: the model's vocabulary has %d; is the tokenizer another model's?"
                .formatted(id, config.vocabulary()));
      }
    }
  }

  private void submit(Sequence sequence) {
    int pages = PagePool.pagesFor(sequence.mostTokens());
    if (pages > pool.size()) {
      throw new IllegalArgumentException(
          "Cannot serve request of %d tokens: it needs %d pages of the cache, which has %d; raise"
                  .formatted(sequence.mostTokens(), pages, pool.size())
              + " spark.octavo.serve.cacheMemory or ask for fewer tokens");
    }
    try {
      room.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("Cannot wait for the model: interrupted");
    }
    sequence.future().whenComplete((result, failure) -> room.release());
    arrivals.add(sequence);
    if (closed) {
      fail(new IllegalStateException(CLOSED));
    }
  }

  private void serve() {
    RuntimeException end = new IllegalStateException(CLOSED);
    try {
      while (!closed) {
        takeArrivals();
        if (!scheduler.idle()) {
          computedTokens.addAndGet(scheduler.step());
          steps.incrementAndGet();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      end = new IllegalStateException("Cannot serve model: a step failed: " + e.getMessage(), e);
    } finally {
      closed = true;
      fail(end);
    }
  }

  private void takeArrivals() throws InterruptedException {
    if (scheduler.idle()) {
      Sequence first = arrivals.poll(1, TimeUnit.SECONDS);
      if (first == null) {
        return;
      }
      scheduler.add(first);
    }
    for (Sequence next = arrivals.poll(); next != null; next = arrivals.poll()) {
      scheduler.add(next);
    }
  }

  private void fail(RuntimeException reason) {
    for (Sequence sequence = arrivals.poll(); sequence != null; sequence = arrivals.poll()) {
      sequence.future().completeExceptionally(reason);
    }
    if (Thread.currentThread() == thread) {
      scheduler.all().forEach(sequence -> sequence.future().completeExceptionally(reason));
    }
  }

  /** Ends all requests and gives all memory back. */
  @Override
  public void close() {
    if (released) {
      return;
    }
    closed = true;
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    released = true;
    decoder.close();
    weights.close();
    tokenizer.close();
    backend.close();
  }
}
