/** What is kept of each bottle on this host's disk, and who is using it. */
package dev.carafe.bottle.state;
