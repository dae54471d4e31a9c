package dev.carafe.it.enforcement;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** One run of one test, with all its arguments. */
final class Trial {
  /** For a test that waits for what a change has prevented; it is no failure, but a bad entry. */
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final CancellationToken enough = CancellationToken.create();
  private final List<Throwable> failures = new ArrayList<>();
  private int succeeded;
  private int skipped;

  private Trial() {}

  /**
   * Runs the test.
   *
   * @throws IllegalArgumentException when there is none of that name, or several
   * @throws IllegalStateException when it does not end, and goes on
   */
  static Trial of(Enforcement enforcement) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectMethod(testClass(enforcement), method(enforcement)))
            .build();
    Trial trial = new Trial();
    Thread thread = Thread.ofPlatform().daemon().start(() -> trial.run(request));
    try {
      if (!thread.join(LONGEST)) {
        thread.interrupt();
        throw new IllegalStateException("the test does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    return trial;
  }

  /** Until it fails, if it does: what else would fail does not matter. */
  private void run(LauncherDiscoveryRequest tests) {
    LauncherFactory.create()
        .execute(
            LauncherExecutionRequestBuilder.request(tests)
                .cancellationToken(enough)
                .listeners(listener())
                .build());
  }

  private static Class<?> testClass(Enforcement enforcement) {
    try {
      return Class.forName(enforcement.testClass());
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException("there is no class " + enforcement.testClass(), e);
    }
  }

  private static Method method(Enforcement enforcement) {
    List<Method> found =
        ReflectionSupport.findMethods(
            testClass(enforcement),
            method ->
                method.getName().equals(enforcement.testMethod())
                    && AnnotationSupport.isAnnotated(method, Testable.class),
            HierarchyTraversalMode.TOP_DOWN);
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "there are " + found.size() + " tests " + enforcement.test() + ", not 1");
    }
    return found.getFirst();
  }

  private TestExecutionListener listener() {
    return new TestExecutionListener() {
      @Override
      public void executionSkipped(TestIdentifier test, String reason) {
        skipped++;
      }

      @Override
      public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        switch (result.getStatus()) {
          case SUCCESSFUL -> succeeded += test.isTest() ? 1 : 0;
          case ABORTED -> skipped++;
          case FAILED -> {
            failures.add(result.getThrowable().orElseThrow());
            enough.cancel();
          }
        }
      }
    };
  }

  /** Whether it ran, and all went well. */
  boolean green() {
    return succeeded > 0 && skipped == 0 && failures.isEmpty();
  }

  /** Whether it ran and saw that something is wrong; that it cannot be linked shows nothing. */
  boolean red() {
    return !failures.isEmpty() && failures.stream().noneMatch(LinkageError.class::isInstance);
  }

  /** How it went, on one line. */
  String text() {
    if (failures.isEmpty()) {
      return succeeded + " went well, " + skipped + " were skipped";
    }
    String first = failures.getFirst().toString().strip().replaceAll("\\s+", " ");
    return first.length() > 300 ? first.substring(0, 300) + "…" : first;
  }
}
