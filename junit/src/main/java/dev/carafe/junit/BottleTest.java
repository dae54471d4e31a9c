package dev.carafe.junit;

import dev.carafe.bottle.BottleSpec;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Has a bottle launched for tests, and closed after them with all that is in it. Test methods, and
 * methods before and after them, get it as a parameter of the type {@link
 * dev.carafe.bottle.Bottle}, or its machine as one of the type {@link dev.carafe.machine.Machine}.
 *
 * <p>On a class, all its tests share one bottle, unless {@link #perMethod} says otherwise; on a
 * method, that method has one of its own. A bottle is launched when it is first asked for. The log
 * of a bottle whose test has failed is written to standard error.
 *
 * <p>What is launched is an {@link #agent} of the user's manifests, or what the other attributes
 * say. It is the bottle of the user whose process this is, by the environment: images are looked up
 * and kept where the program {@code carafe} has them. One whose JVM is killed is left for {@code
 * carafe cleanup}.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(BottleExtension.class)
public @interface BottleTest {
  /** An agent of the user's manifests. It says all that {@link #provider} to {@link #image} do. */
  String agent() default "";

  /** A provider that is built in, or a class of this program; {@code shell} if nothing is said. */
  String provider() default "";

  /** The command that is the agent, for the provider {@code shell}. */
  String[] command() default {};

  /** An image in place of the provider's own, which is made at the first launch. */
  String image() default "";

  /**
   * A directory that is copied in and worked in, relative to the current one. Nothing comes back.
   */
  String workspace() default "";

  /** MiB of the machine. */
  int memory() default BottleSpec.MEMORY_MIB;

  /** Whether each test of the class has a bottle of its own. */
  boolean perMethod() default false;
}
