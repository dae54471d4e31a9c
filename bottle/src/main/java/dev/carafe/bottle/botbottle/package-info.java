/**
 * Files of bot-bottle, a system with the same idea, read and written anew as manifests. What has no
 * counterpart is said, and never made wider: a route that cannot be carried over as it is, is left
 * out.
 */
package dev.carafe.bottle.botbottle;
