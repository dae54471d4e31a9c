package dev.carafe.egress.routes;

import dev.carafe.egress.scan.OnMatch;

/**
 * What is done with answers. Known secrets are masked in any case.
 *
 * @param onMatch what happens when something else is found
 */
public record Inbound(OnMatch onMatch) {}
