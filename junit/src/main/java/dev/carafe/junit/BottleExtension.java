package dev.carafe.junit;

import dev.carafe.bottle.Bottle;
import dev.carafe.machine.Machine;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Finds out which bottle is meant, and keeps it where JUnit closes it when its tests are over. */
final class BottleExtension implements ParameterResolver, AfterTestExecutionCallback {
  private static final Namespace HERE = Namespace.create(BottleExtension.class);

  /**
   * A bottle that is asked for.
   *
   * @param owner whose end is its end
   */
  private record Wanted(BottleTest declared, ExtensionContext owner) {
    @SuppressWarnings("deprecation") // JUnit 5 has no other
    Launched launched() {
      return owner
          .getStore(HERE)
          .getOrComputeIfAbsent(key(), key -> Launched.of(declared), Launched.class);
    }

    /** Of its own, because in a method's store what its class has is found too. */
    private String key() {
      return owner.getUniqueId();
    }

    Optional<Launched> ifLaunched() {
      return Optional.ofNullable(owner.getStore(HERE).get(key(), Launched.class));
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Bottle.class || type == Machine.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Bottle bottle =
        wanted(context)
            .orElseThrow(
                () ->
                    new ParameterResolutionException(
                        "each test has a bottle of its own here (@BottleTest on a method, or with"
                            + " perMethod): ask for it in the test, or in a method before or after"
                            + " each test"))
            .launched()
            .bottle();
    return parameter.getParameter().getType() == Machine.class ? bottle.machine() : bottle;
  }

  @Override
  public void afterTestExecution(ExtensionContext context) {
    if (context.getExecutionException().isPresent()) {
      wanted(context)
          .flatMap(Wanted::ifLaunched)
          .ifPresent(launched -> System.err.print(launched.log()));
    }
  }

  /** The method's own bottle, else that of the nearest class around it that has one. */
  private static Optional<Wanted> wanted(ExtensionContext context) {
    Optional<ExtensionContext> method =
        context.getTestMethod().isPresent() ? Optional.of(context) : Optional.empty();
    Optional<BottleTest> own =
        context
            .getTestMethod()
            .flatMap(found -> AnnotationSupport.findAnnotation(found, BottleTest.class));
    if (own.isPresent()) {
      return Optional.of(new Wanted(own.get(), context));
    }
    for (Optional<ExtensionContext> at = Optional.of(context);
        at.isPresent();
        at = at.get().getParent()) {
      if (at.get().getTestMethod().isPresent()) {
        continue;
      }
      Optional<BottleTest> declared =
          at.get()
              .getTestClass()
              .flatMap(found -> AnnotationSupport.findAnnotation(found, BottleTest.class));
      if (declared.isPresent()) {
        return declared.get().perMethod()
            ? method.map(owner -> new Wanted(declared.get(), owner))
            : Optional.of(new Wanted(declared.get(), at.get()));
      }
    }
    return Optional.empty();
  }
}
