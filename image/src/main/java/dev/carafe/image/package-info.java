/**
 * Images: where root filesystems come from and where they are kept. Fetches, checks and unpacks
 * what registries and archives hold, and keeps one squashfs per image. Knows nothing of machines.
 */
package dev.carafe.image;
