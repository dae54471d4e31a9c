/**
 * What the file system classes of the JDK leave open: writes that last, and locks between
 * processes.
 */
package dev.carafe.image.disk;
