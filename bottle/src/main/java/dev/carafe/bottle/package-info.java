/**
 * A machine together with the services of this host that are its only way out. Knows machines and
 * sidecar services, and nothing of command lines.
 */
package dev.carafe.bottle;
