/**
 * The host's side of {@code docs/protocol.md}: frames, streams, commands and copies over one byte
 * stream to a guest agent. Knows nothing of QEMU, of machines' records or of command lines; it is
 * given a connected socket.
 */
package dev.carafe.machine.channel;
