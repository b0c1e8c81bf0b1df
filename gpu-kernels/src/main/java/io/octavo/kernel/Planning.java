package io.octavo.kernel;

import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;

/** What the planning of memory must know of a device. Nothing is allocated for an answer. */
public interface Planning {

  /** How activations are stored between layers. */
  DataType activationType(Recipe recipe);

  /** As {@link GemmKernels#contractsLastAxisOnly}. */
  boolean contractsLastAxisOnly();

  /** As {@link GemmKernels#workspaceElements}. */
  long gemmWorkspaceElements(Shape x, Shape w);

  /** As {@link AttentionKernels#workspaceElements}. */
  long attentionWorkspaceElements(AttentionKernels.Geometry geometry);

  /** As {@link LossKernels#chunkElements}. */
  long logitsElements();

  /** As {@link Backend#ownBytes}. */
  long ownBytes();

  /** What an open backend says. */
  static Planning of(Backend backend) {
    return new Planning() {
      @Override
      public DataType activationType(Recipe recipe) {
        return backend.activationType(recipe);
      }

      @Override
      public boolean contractsLastAxisOnly() {
        return backend.gemm().contractsLastAxisOnly();
      }

      @Override
      public long gemmWorkspaceElements(Shape x, Shape w) {
        return backend.gemm().workspaceElements(x, w);
      }

      @Override
      public long attentionWorkspaceElements(AttentionKernels.Geometry geometry) {
        return backend.attention().workspaceElements(geometry);
      }

      @Override
      public long logitsElements() {
        return backend.loss().chunkElements();
      }

      @Override
      public long ownBytes() {
        return backend.ownBytes();
      }
    };
  }
}
