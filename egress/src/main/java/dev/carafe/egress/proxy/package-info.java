/** HTTP on both sides, streamed between them: parsing, policy, upstream connections. */
package dev.carafe.egress.proxy;
