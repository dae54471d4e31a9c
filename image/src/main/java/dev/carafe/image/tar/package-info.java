/**
 * Reading tar archives that nobody vouches for: from a guest, from a pack. Every length is limited
 * and nothing is believed; what is done with an entry is the caller's affair.
 */
package dev.carafe.image.tar;
