/*
 * The relay: connections of the guest's programs that the host makes for them, and the other way round
 * (docs/protocol.md, "The relay"). The agent has one at most.
 *
 *   relay.c       its port: sessions and frames
 *   plan.c        what a SETUP says
 *   setup.c       puts a plan in force, and takes it back
 *   net.c         addresses and routes
 *   steer.c       gives connections to foreign addresses to our listeners
 *   door.c        listeners, and who comes in
 *   connection.c  streams
 *   opening.c     how they begin
 *   datagram.c    DNS over UDP
 */
#ifndef CARAFE_RELAY_H
#define CARAFE_RELAY_H

#include "agent.h"

#include <netinet/in.h>

enum relay_limits {
	RELAY_WINDOW = 131072,
	MAX_GUEST_STREAMS = 1024, /* those that wait for their client to take the rest included */
	MAX_HOST_STREAMS = 256,
	MAX_HOST_SOCKETS = 512, /* the same of the host's, and those that wait */
	MAX_SERVICES = 64,
	MAX_NETWORKS = 1024,
	MAX_DATAGRAMS = 128,
	MAX_QUERY = 4096,
	MAX_ANSWER = 65507, /* what fits into a datagram */
	DATAGRAM_MS = 10000,
};

enum relay_frame { F_SETUP = 16, F_SETUP_DONE, F_OPEN, F_ACCEPTED, F_RESET };
enum open_kind { OPEN_SERVICE = 0, OPEN_DATAGRAM = 1, OPEN_IPV4 = 4, OPEN_IPV6 = 6 };

/* ---- plan.c ---- */

struct network {
	uint8_t family; /* 4 or 6 */
	uint8_t prefix;
	uint8_t address[16];
	bool refused;
};

/* What of a network there is to be. */
struct plan {
	uint16_t services[MAX_SERVICES]; /* sorted */
	size_t service_count;
	bool dns;
	struct network *networks; /* sorted by network_order(), each prefix once */
	size_t network_count;
};

/* Where a connection of the guest's goes. */
struct target {
	enum open_kind kind;
	uint16_t port;
	uint8_t address[16];
};

size_t address_length(uint8_t family);
int network_order(const void *one, const void *other); /* for qsort: by family, prefix and address */
bool plan_read(struct plan *plan, struct fields fields);
bool plan_has_service(const struct plan *plan, uint16_t port);
bool plan_covers(const struct plan *plan, const struct target *target);
bool plan_is_empty(const struct plan *plan);
void plan_free(struct plan *plan);

/* ---- setup.c ---- */

/* What failed, for SETUP_DONE. */
struct trouble {
	int error;
	char what[256];
};
/* False, with errno's reason. */
bool trouble_is(struct trouble *trouble, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool setup_apply(struct plan *plan, struct trouble *trouble); /* takes the plan; false: everything is closed */
void setup_close(void);	      /* closes everything */
const struct plan *setup_current(void);

/* ---- net.c ---- */

#define OWN_ADDRESS 0x0a5b0001u /* 10.91.0.1 */
void net_loopback_up(void);
bool net_start(struct trouble *trouble); /* our address; nothing is reachable yet */
bool net_change(const struct plan *from, const struct plan *to, struct trouble *trouble);

/* ---- steer.c ---- */

bool steer_open(int ipv4, int ipv6, struct trouble *trouble); /* to these listeners; ipv6 may be -1 */
bool steer_service(uint16_t port, bool on, struct trouble *trouble);
void steer_close(void);

/* ---- door.c ---- */

bool doors_change(const struct plan *from, const struct plan *to, struct trouble *trouble);
void doors_close(void);
void door_ready(struct source *source);
void doors_resume(int64_t now); /* those that waited for room */
int64_t doors_deadline(void);	/* when one is to be tried again; 0 = none waits for time */

/* ---- connection.c ---- */

/* A stream of the relay. */
struct connection {
	struct source source; /* first; closed from the beginning for a datagram */
	uint32_t id;
	struct target target;
	bool mine;	 /* the guest opened it */
	bool accepted;	 /* ACCEPTED came or was sent */
	bool connecting; /* to a program of the guest */
	bool readable, writable, client_ended; /* as epoll last said; the sockets are edge-triggered */
	bool ended_in, ended_out;	       /* END from the host, and to the host */
	bool shut;			       /* the client was told of the end */
	uint32_t credit_in, credit_out;	       /* what the host may still send, and we */
	uint32_t unacked;		       /* taken by the client and not yet given back as CREDIT */

	uint8_t *pending; /* of the host's bytes, what the client has not taken; made when needed */
	size_t pending_start, pending_length;

	struct sockaddr_in client; /* of a datagram */
	int64_t deadline_ms;	   /* of a datagram */

	struct connection *next;		  /* of the same bucket, or of the dead */
	struct connection *turn_next, *turn_prev; /* of those that have bytes for the host */
	bool in_turn;
};

struct connection *connection_new(uint32_t id, const struct target *target, bool mine, int fd);
struct connection *connection_find(uint32_t id);
bool connection_is_over(const struct connection *connection); /* as streams go; a client may still be reading */
void connection_ready(struct connection *connection, uint32_t events);
void connection_input(struct connection *connection, const uint8_t *bytes, uint32_t length, bool end);
void connection_credit(struct connection *connection, uint32_t bytes);
void connection_fail(struct connection *connection, int reason); /* tells the host too */
void connection_end(struct connection *connection);		 /* nobody is told anything */
void connection_abort(struct connection *connection);		 /* the client is told */
void connections_keep(const struct plan *plan);			 /* fails what it does not cover */
void connections_abort(void);
bool connections_pump(void); /* true: there is more */
void connections_bury(void); /* frees what ended in this turn of the loop */
void socket_abort(int fd);   /* closes it with a RST */

/* ---- opening.c ---- */

struct connection *connection_open(const struct target *target, int fd); /* sends OPEN; NULL: too many */
void connection_dial(uint32_t id, const struct target *target);
void connection_accept(struct connection *connection);

/* ---- datagram.c ---- */

bool datagrams_open(struct trouble *trouble);
void datagrams_close(void);
void datagrams_ready(void);
void datagrams_resume(void);
void datagram_answer(struct connection *connection);
void datagram_forget(struct connection *connection);
int64_t datagrams_due(int64_t now); /* ends those whose time is up; when the next one is; 0 = none */

/* ---- relay.c ---- */

struct relay {
	struct port port; /* first: see on_frame() */
	bool there;
	bool real;	   /* addresses, routes and steering; otherwise services on 127.0.0.1, for tests */
	uint16_t dns_port; /* 53, but in tests */
	uint32_t last_mine, last_hosts;		 /* the highest numbers used */
	size_t mine, hosts_open, hosts_sockets; /* how many there are */
};
extern struct relay relay;
void relay_init(int fd, bool real, uint16_t dns_port);
void relay_event(struct source *source, uint32_t events);
bool relay_pump(void);
int64_t relay_deadline(int64_t now); /* acts on what is due; when to come again; 0 = no need */

#endif
