/**
 * What was decided, one line each, in a chain that shows when a line was changed or removed; and
 * the same in numbers. Knows nothing of HTTP: the proxy says what happened, with secrets already
 * overwritten.
 *
 * <p>The format is described in docs/egress.md.
 */
package dev.carafe.egress.audit;
