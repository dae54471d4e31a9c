/**
 * How one agent program is installed, prompted, resumed, and led to its model. A provider says it;
 * who launches a bottle does it. Built in are {@code claude}, {@code codex} and {@code shell};
 * users add theirs by files of their own directory, programmers by classes that a {@link
 * java.util.ServiceLoader} finds. Knows manifests and routes; nothing of machines.
 */
package dev.carafe.bottle.provider;
