package dev.carafe.egress.proxy;

import dev.carafe.egress.routes.Route;

/**
 * What an upstream connection is for. Connections, and what TLS remembers of them, are shared only
 * by equal destinations: the route is part of it, and with it the credential's identity. So is the
 * state of the routes that it was decided by: what they no longer allow is not used any longer.
 *
 * @param http1 only HTTP/1.1 will do
 */
record Destination(Judge judge, Route route, HostPort to, boolean tls, boolean http1) {}
