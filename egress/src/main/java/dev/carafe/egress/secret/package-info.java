/** Credentials of the host: where they come from, and values that nobody prints by accident. */
package dev.carafe.egress.secret;
