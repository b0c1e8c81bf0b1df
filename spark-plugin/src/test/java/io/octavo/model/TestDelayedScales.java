package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.Arena;
import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Planning;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where amax histories lie, and that casts of the model take their scales from them. */
class TestDelayedScales {

  private static final ModelConfig MODEL = ModelConfig.llama(48, 32, 48, 2, 4, 2, 64);
  private static final Recipe RECIPE = new Recipe.Delayed();

  /** As devices whose products want both operands along their last axes. */
  private record LastAxisOnly(Planning of) implements Planning {
    @Override
    public DataType activationType(Recipe recipe) {
      return of.activationType(recipe);
    }

    @Override
    public boolean contractsLastAxisOnly() {
      return true;
    }

    @Override
    public long gemmWorkspaceElements(Shape x, Shape w) {
      return of.gemmWorkspaceElements(x, w);
    }

    @Override
    public long attentionWorkspaceElements(AttentionKernels.Geometry geometry) {
      return of.attentionWorkspaceElements(geometry);
    }

    @Override
    public long logitsElements() {
      return of.logitsElements();
    }

    @Override
    public long ownBytes() {
      return of.ownBytes();
    }
  }

  private static List<ArenaPlan.Slot> histories(ArenaPlan plan) {
    return plan.slots().stream().filter(slot -> slot.name().endsWith(".amax_history")).toList();
  }

  private static List<ArenaPlan.Slot> ofTraining(
      Backend backend, Recipe recipe, boolean cachesWeights) {
    ArenaPlan plan = new ArenaPlan();
    RecipePlan recipes = RecipePlan.uniform(recipe);
    TransformerPlan.training(plan, Planning.of(backend), MODEL, recipes, 2, 7, 3, cachesWeights);
    return histories(plan);
  }

  @Test
  void everyOperandOfEveryProjectionHasAHistoryOfItsOwn() {
    try (Backend backend = new ReferenceBackend()) {
      List<ArenaPlan.Slot> all = ofTraining(backend, RECIPE, true);
      int projections = MODEL.layers() * Projection.values().length;
      assertThat(all).hasSize(3 * projections);
      assertThat(all).extracting(ArenaPlan.Slot::name).doesNotHaveDuplicates();
      assertThat(all).allSatisfy(slot -> assertThat(slot.shape().elements()).isEqualTo(18));
      // Weights in shared places are measured.
      assertThat(ofTraining(backend, RECIPE, false)).hasSize(2 * projections);
      assertThat(ofTraining(backend, new Recipe.Tensorwise(), true)).isEmpty();
    }
  }

  @Test
  void scoringMeasures() {
    try (Backend backend = new ReferenceBackend()) {
      ArenaPlan plan = new ArenaPlan();
      TransformerPlan.inference(plan, Planning.of(backend), MODEL, RECIPE, 2, 7);
      assertThat(histories(plan)).isEmpty();
    }
  }

  @Test
  void bothCastsOfAMatrixHaveTheScaleOfItsLastCastsAndLeaveOneEntry() {
    try (Backend backend = new ReferenceBackend()) {
      ArenaPlan plan = new ArenaPlan();
      CastPlanner planner =
          new CastPlanner(plan, new LastAxisOnly(Planning.of(backend)), RECIPE, true);
      CastSlot.Plan reserved =
          planner.beside("x", "0.", Shape.of(3, 5), RECIPE.castFor(LinearOperand.INPUT));
      ArenaPlan.Slot matrix =
          plan.reserve(MemoryKind.WORKSPACE, "matrix", DataType.F32, Shape.of(3, 5));
      try (Arena arena = Arena.allocate(plan, backend)) {
        CastSlot slot = reserved.bind(arena);
        Tensor values = arena.tensor(matrix);
        for (float largest : new float[] {8, 2}) {
          fill(values, largest);
          slot.castForward(values, backend);
          slot.castBackward(values, backend);
          QuantizedTensor rowwise = (QuantizedTensor) slot.rowwise(values);
          QuantizedTensor columnwise = ((Transposed) slot.columnwise(values)).stored();
          assertThat(HostBuffer.of(rowwise.scales()).toFloats()).containsExactly(8f / 448);
          assertThat(HostBuffer.of(columnwise.scales()).toFloats()).containsExactly(8f / 448);
        }
        float[] history = HostBuffer.of(slot.history().orElseThrow()).toFloats();
        // Two casts: the first is an entry, the second the one made last.
        assertThat(history).startsWith(2, 2, 0, 8, 0);
      }
    }
  }

  private static void fill(Tensor values, float largest) {
    float[] numbers = new float[Math.toIntExact(values.elements())];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = largest / (i + 1);
    }
    HostBuffer.of(values).put(numbers);
  }
}
