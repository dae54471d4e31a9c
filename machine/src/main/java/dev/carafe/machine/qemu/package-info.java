/**
 * The built-in engine: a machine is a directory and, while it runs, a jailed QEMU process restored
 * from a template.
 *
 * <p>There is no daemon. What is known of a machine is in its directory; who may change it holds
 * the directory's lock; who wants to run commands in it takes one of its ports. Every step can be
 * interrupted by a kill at any instruction: what it leaves is either nothing or something {@link
 * dev.carafe.machine.Machines#leftovers} finds.
 */
package dev.carafe.machine.qemu;
