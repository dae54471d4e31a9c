/**
 * What Carafe needs of the host it runs on: programs, a kernel and its initramfs, an accelerator.
 * Finds what is there, fetches what is missing, and says what a person has to do. Knows nothing of
 * machines and images; nothing here is ever installed on the host except by {@link
 * dev.carafe.machine.host.Host#setup}.
 */
package dev.carafe.machine.host;
