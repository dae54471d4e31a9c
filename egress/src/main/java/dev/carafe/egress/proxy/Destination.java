package dev.carafe.egress.proxy;

import dev.carafe.egress.routes.Route;

/**
 * What an upstream connection is for. Connections, and what TLS remembers of them, are shared only
 * by equal destinations: the route is part of it, and with it the credential's identity.
 *
 * @param http1 only HTTP/1.1 will do
 */
record Destination(Route route, HostPort to, boolean tls, boolean http1) {}
