/**
 * The only way out of a bottle: a proxy on the host that denies by default, reads what it lets
 * through, and adds the credentials that the bottle never sees. {@code Egress} is the door; routes
 * say what is allowed, scan what may not leave, audit what happened. Knows nothing of machines.
 */
package dev.carafe.egress;
