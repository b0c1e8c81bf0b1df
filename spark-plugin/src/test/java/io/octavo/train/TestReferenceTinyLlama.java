package io.octavo.train;

import io.octavo.kernel.Backend;
import io.octavo.reference.ReferenceBackend;

class TestReferenceTinyLlama extends TinyLlamaContract {

  @Override
  Backend open() {
    return new ReferenceBackend();
  }
}
