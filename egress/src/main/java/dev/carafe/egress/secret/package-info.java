/**
 * Credentials of the host: a routes file names where one comes from, never what it is. What is
 * resolved is kept in a {@link dev.carafe.egress.secret.Secret}, which nobody prints by accident.
 */
package dev.carafe.egress.secret;
