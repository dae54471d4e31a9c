/**
 * The engine {@code smolvm}: machines that another program of that name runs, driven by its command
 * line, from release 0.8.0 on. {@link dev.carafe.machine.smolvm.Smolvm} has a method for each verb;
 * {@link dev.carafe.machine.smolvm.SmolvmMachines} puts them behind the types that all engines
 * share.
 *
 * <p>Three things decide the shape of this package. A value of an environment variable never stands
 * on an argument list, where every user of the host could read it (see {@link
 * dev.carafe.machine.smolvm.GuestCommand}). What smolvm would silently ignore is refused before
 * anything runs. And smolvm's exit code alone does not say whether smolvm or the guest's command
 * failed (see {@link dev.carafe.machine.smolvm.SmolvmErrors}).
 */
package dev.carafe.machine.smolvm;
