/**
 * The command line: turns arguments into calls of the rooms to the right of it, and what they
 * answer into text, JSON and exit codes. Speaks two personalities, {@code carafe} and {@code
 * smolvm}. Knows nothing of how machines run or images are kept.
 */
package dev.carafe.cli;
