/**
 * Bottles for tests that are run by JUnit: {@link dev.carafe.junit.BottleTest} has one launched and
 * closed around them.
 */
package dev.carafe.junit;
