package dev.carafe.machine;

import java.time.Instant;

/**
 * Something a machine was refused.
 *
 * @param operation {@code connect}, {@code dns}, or {@code missed}: so many more than were written
 *     down
 * @param destination the address and port, or the name, as the guest gave it: not to be trusted
 */
public record Denial(Instant time, String operation, String destination) {}
