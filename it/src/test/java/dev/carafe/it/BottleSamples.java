package dev.carafe.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.carafe.bottle.Bottle;
import dev.carafe.junit.BottleTest;
import dev.carafe.machine.Machine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Tests as users of {@link BottleTest} write them. {@link BottleExtensionTest} runs them. */
final class BottleSamples {
  private BottleSamples() {}

  /** One bottle for all, in a workspace; and one test that wants its own. */
  @BottleTest(workspace = "project", memory = 512)
  @TestMethodOrder(MethodOrderer.MethodName.class)
  static class Shared {
    @BeforeEach
    void count(Bottle bottle) {
      bottle.exec("echo one more >> /home/node/tests");
    }

    @Test
    void aFirst(Bottle bottle, Machine machine) {
      System.out.println("shared " + bottle.name());
      assertEquals(bottle.name(), machine.name());
      assertEquals("an idea\n", bottle.exec("cat NOTES").out());
      assertEquals("1\n", bottle.exec("wc -l < /home/node/tests").out());
    }

    @Test
    void bSecond(Bottle bottle) {
      assertEquals("2\n", bottle.exec("wc -l < /home/node/tests").out());
    }

    @Test
    @BottleTest(
        command = {"sh", "-c", "exit 5"},
        memory = 512)
    void cOwn(Bottle bottle) {
      System.out.println("own " + bottle.name());
      assertEquals(5, bottle.execAgent(java.util.List.of(), false));
      assertEquals("1\n", bottle.exec("wc -l < /home/node/tests").out());
    }

    @Test
    void dFails(Bottle bottle) {
      assertEquals("nothing", bottle.exec("echo something").out());
    }

    /** A class within has the bottle of the one around it. */
    @Nested
    class Within {
      @Test
      void last(Bottle bottle) {
        assertNotEquals("", bottle.exec("cat /home/node/tests").out());
        System.out.println("within " + bottle.name());
      }
    }
  }

  /** An agent that there is not, and one that is said too much of. */
  static class Mistaken {
    @Test
    @BottleTest(agent = "nobody")
    void unknown(Bottle bottle) {}

    @Test
    @BottleTest(agent = "nobody", image = "base")
    void contradicting(Bottle bottle) {}
  }

  /** A bottle for each test, so that there is none for the class. */
  @BottleTest(perMethod = true)
  static class TooEarly {
    TooEarly(Bottle bottle) {}

    @Test
    void never() {}
  }
}
