package dev.carafe.egress.scan;

/**
 * What was found, never its value.
 *
 * @param detector known-secret, token-pattern, entropy, canary, injection
 * @param rule which one of the detector's
 * @param where the part of the message: host, path, header, body, frame
 */
public record Finding(String detector, String rule, String where) {}
