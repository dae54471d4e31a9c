/*
 * Addresses and routes, by rtnetlink.
 *
 * A network of the plan is a route of type `local`: all its addresses are the guest's own, and what connects to one of
 * them arrives here. It stands in the main table, not in that of the machine's own addresses, so that a network that a
 * program of the guest makes for itself (a bridge for containers) goes before a larger one of ours. A refused network is a
 * route of type `throw`, which ends like having none: ENETUNREACH.
 *
 * The kernel answers each of these requests before send() returns, so nothing here waits.
 */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* So that a resolver that looks whether there is any IPv6 finds some: there is, when there are such networks. */
static const uint8_t OWN_IPV6[16] = {0xfd, 0xca, 0x4a, 0xfe, 0x10, 0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

union message {
	struct nlmsghdr header;
	uint8_t space[256];
};

void net_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		say("lo: %s", strerror(errno));
	close(fd);
}

static void *begin(union message *message, uint16_t type, uint16_t flags, size_t size)
{
	memset(message, 0, sizeof *message);
	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	message->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	return NLMSG_DATA(&message->header);
}

static void attribute(union message *message, uint16_t type, const void *value, size_t length)
{
	struct rtattr *at = (void *)(message->space + NLMSG_ALIGN(message->header.nlmsg_len));
	at->rta_type = type;
	at->rta_len = (uint16_t)RTA_LENGTH(length);
	memcpy(RTA_DATA(at), value, length);
	message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + (uint32_t)RTA_LENGTH(length);
}

/* Sends it, and returns the kernel's answer: 0, or an errno. */
static int ask(union message *message)
{
	static int socket_fd = -1;
	static uint32_t sequence;
	if (socket_fd < 0)
		socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (socket_fd < 0)
		return errno;
	message->header.nlmsg_seq = ++sequence;
	if (send(socket_fd, message, message->header.nlmsg_len, 0) < 0)
		return errno;
	union {
		struct nlmsghdr header;
		uint8_t space[1024];
	} answer;
	do {
		ssize_t n = recv(socket_fd, &answer, sizeof answer, MSG_DONTWAIT);
		if (n < 0)
			return errno;
		if ((size_t)n < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
			return EPROTO;
	} while (answer.header.nlmsg_seq != sequence);
	const struct nlmsgerr *error = NLMSG_DATA(&answer.header);
	return answer.header.nlmsg_type == NLMSG_ERROR ? -error->error : EPROTO;
}

static int own_address(bool add, uint8_t family, const void *address, size_t length)
{
	union message message;
	struct ifaddrmsg *body = begin(&message, add ? RTM_NEWADDR : RTM_DELADDR,
				       add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof *body);
	body->ifa_family = family;
	body->ifa_prefixlen = (uint8_t)(8 * length);
	body->ifa_flags = IFA_F_NODAD;
	body->ifa_scope = RT_SCOPE_UNIVERSE;
	body->ifa_index = if_nametoindex("lo");
	attribute(&message, IFA_LOCAL, address, length);
	attribute(&message, IFA_ADDRESS, address, length);
	int error = ask(&message);
	return !add && error == EADDRNOTAVAIL ? 0 : error;
}

static int route(bool add, const struct network *network)
{
	union message message;
	struct rtmsg *body = begin(&message, add ? RTM_NEWROUTE : RTM_DELROUTE,
				   add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof *body);
	body->rtm_family = network->family == 4 ? AF_INET : AF_INET6;
	body->rtm_dst_len = network->prefix;
	body->rtm_table = RT_TABLE_MAIN;
	body->rtm_protocol = RTPROT_STATIC;
	body->rtm_type = network->refused ? RTN_THROW : RTN_LOCAL;
	body->rtm_scope = network->refused ? RT_SCOPE_UNIVERSE : RT_SCOPE_HOST;
	attribute(&message, RTA_DST, network->address, address_length(network->family));
	uint32_t loopback = if_nametoindex("lo");
	if (!network->refused)
		attribute(&message, RTA_OIF, &loopback, sizeof loopback);
	int error = ask(&message);
	/* Root in the guest may have been there before us. */
	return !add && error == ESRCH ? 0 : error;
}

static bool route_fails(bool add, const struct network *network, struct trouble *trouble)
{
	int error = route(add, network);
	if (!error)
		return false;
	char address[INET6_ADDRSTRLEN];
	inet_ntop(network->family == 4 ? AF_INET : AF_INET6, network->address, address, sizeof address);
	errno = error;
	return !trouble_is(trouble, "%s a route for %s/%u", add ? "add" : "remove", address, network->prefix);
}

/* Carries out, of the routes of one kind, those that are in one plan and not in the other. */
static bool difference(bool add, bool refused, const struct plan *of, const struct plan *other, struct trouble *trouble)
{
	size_t j = 0;
	for (size_t i = 0; i < of->network_count; i++) {
		const struct network *network = &of->networks[i];
		while (j < other->network_count && network_order(&other->networks[j], network) < 0)
			j++;
		bool in_both = j < other->network_count && network_order(&other->networks[j], network) == 0 &&
			       other->networks[j].refused == network->refused;
		if (network->refused == refused && !in_both && route_fails(add, network, trouble))
			return false;
	}
	return true;
}

static bool has_ipv6(const struct plan *plan)
{
	for (size_t i = 0; i < plan->network_count; i++)
		if (plan->networks[i].family == 6 && !plan->networks[i].refused)
			return true;
	return false;
}

bool net_start(struct trouble *trouble)
{
	net_loopback_up();
	uint32_t address = htonl(OWN_ADDRESS);
	errno = own_address(true, AF_INET, &address, sizeof address);
	return errno ? trouble_is(trouble, "give lo the address 10.91.0.1") : true;
}

/* At no moment is something open that neither plan opens. */
bool net_change(const struct plan *from, const struct plan *to, struct trouble *trouble)
{
	bool had = has_ipv6(from), has = has_ipv6(to);
	if (had != has && (errno = own_address(has, AF_INET6, OWN_IPV6, sizeof OWN_IPV6)))
		return trouble_is(trouble, "change the IPv6 address of lo");
	return difference(false, false, from, to, trouble) && difference(false, true, from, to, trouble) &&
	       difference(true, true, to, from, trouble) && difference(true, false, to, from, trouble);
}
