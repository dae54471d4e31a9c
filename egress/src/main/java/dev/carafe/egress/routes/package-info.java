/** What a bottle may reach: the routes file, and the decision which route a request takes. */
package dev.carafe.egress.routes;
