/**
 * What one bottle may reach and is told by its environment, put together from its manifest and its
 * provider. Starts nothing; knows no machine.
 */
package dev.carafe.bottle.policy;
