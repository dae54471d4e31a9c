/*
 * What a guest does that wants out, for the tests of escape: each attack is a word on the command line and says in one line what
 * came of each attempt. No attack waits for ever: an attempt that nobody answers says ETIMEDOUT.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PATIENCE_MS = 10000 };

_Noreturn void fail(const char *what);

/* Reads a whole file of at most `size` bytes; returns how many there were. */
size_t read_file(const char *path, void *into, size_t size);

/* An address of either family, in `storage`; its length. */
socklen_t address_of(const char *text, int port, struct sockaddr_storage *storage);

int ask(int argc, char **argv);
int reach(int argc, char **argv);
int unhook(int argc, char **argv);
int forge(int argc, char **argv);
int shout(int argc, char **argv);
int seize(int argc, char **argv);
int hold(int argc, char **argv);
int pour(int argc, char **argv);
int bait(int argc, char **argv);
