/** Certificates: the bottle's own authority towards the guest, and trust towards upstream. */
package dev.carafe.egress.tls;
