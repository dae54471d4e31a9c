package dev.carafe.egress.scan;

/**
 * What was found, never its value.
 *
 * @param detector known-secret, canary, token-pattern, entropy, injection; or compression, when
 *     something is packed so that it cannot be looked at within limits
 * @param rule which one of the detector's: the secret's name, the pattern's id
 * @param where the part of the message: host, path, header, body, frame
 */
public record Finding(String detector, String rule, String where) {}
