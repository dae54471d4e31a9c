/** What may not leave, or must not come back: found in headers, bodies and frames as they pass. */
package dev.carafe.egress.scan;
