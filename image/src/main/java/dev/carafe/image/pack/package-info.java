/**
 * Packs: the {@code .smolmachine} files that {@code smolvm pack} makes, one file that holds an
 * image's layers and how to run it. Read from anywhere and trusted in nothing; written in the same
 * format, version 1.
 */
package dev.carafe.image.pack;
