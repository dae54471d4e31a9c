/**
 * Questions to the person at the terminal: a choice, several choices, a line of text, a secret.
 * {@link dev.carafe.cli.pick.Pickers} is the door. What is asked and how it looks ({@code OneOf},
 * {@code Several}, {@code TextLine}) knows nothing of terminals; {@code Tty} knows nothing of
 * questions. Knows nothing of machines and bottles but how large a terminal is.
 */
package dev.carafe.cli.pick;
