package dev.carafe.it.enforcement;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.security.ProtectionDomain;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A class as it is while one of its methods permits what it should refuse. From {@link #of} to
 * {@link #close} all of the process sees it so, also code that runs already. One at a time.
 */
final class Mutation implements AutoCloseable {
  private final Instrumentation instrumentation;
  private final Class<?> changed;
  private final Changer changer;

  private Mutation(Instrumentation instrumentation, Class<?> changed, Changer changer) {
    this.instrumentation = instrumentation;
    this.changed = changed;
    this.changer = changer;
  }

  /**
   * Changes the class.
   *
   * @throws IllegalArgumentException says why the enforcement is not where the table says
   */
  static Mutation of(Instrumentation instrumentation, Enforcement enforcement) {
    Class<?> owner;
    try {
      owner = Class.forName(enforcement.owner());
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException("there is no class " + enforcement.owner(), e);
    }
    var changer = new Changer(owner, enforcement);
    var mutation = new Mutation(instrumentation, owner, changer);
    instrumentation.addTransformer(changer, true);
    try {
      instrumentation.retransformClasses(owner);
      changer.requireChange();
      return mutation;
    } catch (UnmodifiableClassException | LinkageError | RuntimeException e) {
      mutation.close();
      throw new IllegalArgumentException(
          enforcement.where() + " cannot be changed so: " + e.getMessage(), e);
    }
  }

  /** Puts the class back as it was. */
  @Override
  public void close() {
    instrumentation.removeTransformer(changer);
    try {
      instrumentation.retransformClasses(changed);
    } catch (UnmodifiableClassException e) {
      throw new IllegalStateException("a class that was changed cannot be put back", e);
    }
  }

  /** Rewrites the class file. What it throws the JVM would drop, so it is kept. */
  private static final class Changer implements ClassFileTransformer {
    private final Class<?> owner;
    private final Enforcement enforcement;
    private final AtomicInteger changes = new AtomicInteger();
    private int methods;
    private RuntimeException failure;

    Changer(Class<?> owner, Enforcement enforcement) {
      this.owner = owner;
      this.enforcement = enforcement;
    }

    @Override
    public byte[] transform(
        ClassLoader loader,
        String name,
        Class<?> redefined,
        ProtectionDomain domain,
        byte[] classFile) {
      if (redefined != owner) {
        return null;
      }
      try {
        ClassFile format = ClassFile.of();
        ClassModel model = format.parse(classFile);
        byte[] written = format.transformClass(model, change());
        var wrong = format.verify(written);
        if (!wrong.isEmpty()) {
          throw wrong.getFirst();
        }
        return written;
      } catch (VerifyError e) {
        failure = new IllegalArgumentException(e.getMessage(), e);
      } catch (RuntimeException e) {
        failure = e;
      }
      return null;
    }

    private ClassTransform change() {
      return (builder, element) -> {
        if (element instanceof MethodModel method
            && enforcement.methods().contains(method.methodName().stringValue())) {
          methods++;
          if (enforcement.instead().fits(method)) {
            builder.transformMethod(method, enforcement.instead().in(method, changes));
            return;
          }
        }
        builder.with(element);
      };
    }

    private void requireChange() {
      if (failure != null) {
        throw failure;
      }
      if (methods == 0) {
        throw new IllegalArgumentException("there is no such method");
      }
      if (changes.get() == 0) {
        throw new IllegalArgumentException("there is nothing in it to change");
      }
    }
  }
}
