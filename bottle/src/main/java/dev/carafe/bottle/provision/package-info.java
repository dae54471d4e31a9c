/**
 * What is put into a bottle's machine when it has started, and what comes back out of it: the
 * prompt, skills, a copy of a directory to work in, git's author. All of it goes through the
 * machine's own commands and copies; nothing is secret; and whatever the guest answers, nothing is
 * changed on this host but what somebody asked for.
 */
package dev.carafe.bottle.provision;
