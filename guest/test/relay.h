/* The host's side of a relay, and clients, for tests. */
#ifndef CARAFE_RELAY_TEST_H
#define CARAFE_RELAY_TEST_H

#include "test.h"

#include "../src/relay.h"

/* ---- what the host says ---- */

void add_service(struct request *setup, uint16_t port);
void add_dns(struct request *setup);
void add_network(struct request *setup, const char *address, uint8_t prefix, bool refused);
struct request setup_with(uint16_t port); /* one service; 0: none */
uint32_t set_up(struct host *host, const struct request *setup); /* returns the errno of SETUP_DONE */
void set_up_service(struct host *host, uint16_t port);

void say_data(struct host *host, uint32_t id, const void *bytes, size_t length);
void say_end(struct host *host, uint32_t id);
void say_accepted(struct host *host, uint32_t id);
void say_reset(struct host *host, uint32_t id, uint32_t reason);
void say_credit(struct host *host, uint32_t id, uint32_t bytes);
void say_open(struct host *host, uint32_t id, const char *address, uint16_t port);

/* ---- what the guest says: each takes the next frame, which must be that ---- */

const struct frame *expect(struct host *host, uint8_t type, uint32_t id);
uint32_t expect_open(struct host *host, uint8_t kind, const char *address, uint16_t port); /* its number */
void expect_data(struct host *host, uint32_t id, const char *bytes); /* in any pieces */
void expect_end(struct host *host, uint32_t id);
void expect_reset(struct host *host, uint32_t id, uint32_t reason);
void expect_relay_fault(struct host *host, const char *words);

/* ---- clients and servers ---- */

uint16_t free_port(void);
int try_connect(const char *address, uint16_t port); /* a blocking socket, or -errno */
int client_of(const char *address, uint16_t port);   /* that must come through */
int server_at(const char *address, uint16_t port, int type);
void put_text(int fd, const char *bytes);
void check_reads(int fd, const char *bytes); /* these, and no less */
void check_end_of_file(int fd);
void check_is_reset(int fd);
void reset_by_client(int fd); /* closes it with a RST */

#endif
