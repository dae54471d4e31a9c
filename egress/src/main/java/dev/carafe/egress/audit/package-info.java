/** What was decided, one line each, in a chain that shows when a line was changed or removed. */
package dev.carafe.egress.audit;
