/**
 * Measures what Carafe costs, beside its peers: everything in one run, taking turns, so that what
 * else the computer does hits all alike. Not a test: nothing here fails because it is slow.
 */
package dev.carafe.bench;
