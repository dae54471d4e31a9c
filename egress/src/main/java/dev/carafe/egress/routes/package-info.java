/**
 * What a bottle may reach: the routes file, read and checked as a whole, and the decision which
 * route a request takes. Anything that is not clear is refused; nothing here is open by default.
 */
package dev.carafe.egress.routes;
