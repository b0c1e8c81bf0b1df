package io.octavo.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures;
import org.junit.jupiter.api.Test;

/** The arrows of the design: who may import whom. */
class TestArchitecture {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("io.octavo");

  @Test
  void numericPackagesPointOneWay() {
    Architectures.layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("io.octavo..")
        .withOptionalLayers(true)
        .layer("format")
        .definedBy("io.octavo.format..")
        .layer("quant")
        .definedBy("io.octavo.quant..")
        .layer("tensor")
        .definedBy("io.octavo.tensor..")
        .layer("kernel")
        .definedBy("io.octavo.kernel..")
        .layer("reference")
        .definedBy("io.octavo.reference..")
        .layer("cpu")
        .definedBy("io.octavo.cpu..")
        .layer("cuda")
        .definedBy("io.octavo.cuda..")
        .whereLayer("format")
        .mayNotAccessAnyLayer()
        .whereLayer("quant")
        .mayOnlyAccessLayers("format")
        .whereLayer("tensor")
        .mayOnlyAccessLayers("format", "quant")
        .whereLayer("kernel")
        .mayOnlyAccessLayers("format", "quant", "tensor")
        .whereLayer("reference")
        .mayOnlyAccessLayers("format", "quant", "tensor", "kernel")
        .whereLayer("cpu")
        .mayOnlyAccessLayers("format", "quant", "tensor", "kernel")
        .whereLayer("cuda")
        .mayOnlyAccessLayers("format", "quant", "tensor", "kernel")
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.octavo.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void onlyTheSparkPackageKnowsSpark() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.octavo.spark..", "io.octavo.examples..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.spark..")
        .check(CLASSES);
  }

  @Test
  void numericPackagesKnowNeitherArrowNorHadoop() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.octavo.format..",
            "io.octavo.quant..",
            "io.octavo.tensor..",
            "io.octavo.kernel..",
            "io.octavo.reference..",
            "io.octavo.cpu..",
            "io.octavo.model..",
            "io.octavo.optim..",
            "io.octavo.train..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.arrow..", "org.apache.hadoop..", "org.apache.spark..")
        .check(CLASSES);
  }

  @Test
  void incubatingVectorsStayInTheCpuBackend() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.octavo.cpu..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator..")
        .check(CLASSES);
  }

  @Test
  void deviceBindingsStayInTheirBackends() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.octavo.cuda..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jcuda..", "org.bytedeco.cuda..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackages("io.octavo.spark.rapids..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ai.rapids..", "com.nvidia..")
        .check(CLASSES);
  }

  @Test
  void modulesPointOneWay() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.octavo.safetensors..",
            "io.octavo.tokens..",
            "io.octavo.spark.source..",
            "io.octavo.spark.safetensors..",
            "io.octavo.spark.tokens..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.octavo.model..",
            "io.octavo.optim..",
            "io.octavo.collective..",
            "io.octavo.train..",
            "io.octavo.checkpoint..",
            "io.octavo.spark.ml..",
            "io.octavo.examples..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackage("io.octavo.examples..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.octavo.examples..")
        .check(CLASSES);
  }
}
