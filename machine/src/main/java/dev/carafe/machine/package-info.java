/**
 * Machines: microVMs with a name, disks and a life of their own, on either of two engines, and what
 * can be done with them: start, stop, run commands, copy files. Knows nothing of agents, manifests
 * or command lines.
 */
package dev.carafe.machine;
