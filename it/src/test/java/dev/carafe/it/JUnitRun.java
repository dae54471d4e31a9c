package dev.carafe.it;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * A program that runs test classes as build tools do, and prints a line for each test: passed or
 * failed. Its exit code is 0 when all have passed.
 */
final class JUnitRun implements TestExecutionListener {
  private final AtomicBoolean failed = new AtomicBoolean();

  private JUnitRun() {}

  /** Runs the classes of these names. */
  public static void main(String[] names) {
    var run = new JUnitRun();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(names).map(name -> selectClass(name)).toList())
                .build(),
            run);
    System.exit(run.failed.get() ? 1 : 0);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
    if (!passed) {
      failed.set(true);
    }
    if (test.isTest() || !passed) {
      System.out.println(
          (passed ? "passed " : "failed ")
              + test.getDisplayName()
              + result.getThrowable().map(e -> ": " + e.getMessage()).orElse(""));
    }
  }
}
