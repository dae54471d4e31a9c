/**
 * Tar archives, read from hostile hands and written. Internal to the room, except that engines read
 * with it what a guest sends.
 *
 * <p>Names inside archives are bytes. Here they are strings of which each character is one byte
 * (ISO 8859-1), so that no name is changed by decoding it; {@link dev.carafe.image.tar.TarPath}
 * takes them apart and makes them readable for messages.
 */
package dev.carafe.image.tar;
