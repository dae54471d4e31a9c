/**
 * The network of a machine, which has no network device: the host's end of the relay ({@code
 * docs/protocol.md}). {@link dev.carafe.machine.network.Relay} carries the connections, {@link
 * dev.carafe.machine.network.Policy} says which there may be, {@link
 * dev.carafe.machine.network.Names} answers what asks for names.
 */
package dev.carafe.machine.network;
