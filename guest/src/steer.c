/*
 * Gives connections to our listeners: those to 10.91.0.1 at a service's port, and those to any address of the guest that is
 * neither that one nor loopback. The kernel asks a BPF program of type sk_lookup who takes a new connection, before it
 * looks for a listener of that address and port; accept() then gives a socket whose own address is the one that the client
 * meant. So our services take no port from the guest's programs, which may listen on the same one at 0.0.0.0.
 */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sockets = -1;  /* map: 0 the IPv4 listener, 1 the IPv6 listener */
static int services = -1; /* map: the ports of services */
static int attached = -1; /* the link that keeps the program at work */

static int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static uint64_t pointer(const void *to)
{
	return (uint64_t)(uintptr_t)to;
}

static int make_map(uint32_t type, uint32_t value_size, uint32_t entries)
{
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof attributes);
	attributes.map_type = type;
	attributes.key_size = sizeof(uint32_t);
	attributes.value_size = value_size;
	attributes.max_entries = entries;
	return bpf(BPF_MAP_CREATE, &attributes);
}

static int set(int map, uint32_t key, const void *value)
{
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof attributes);
	attributes.map_fd = (uint32_t)map;
	attributes.key = pointer(&key);
	attributes.value = pointer(value);
	return bpf(value ? BPF_MAP_UPDATE_ELEM : BPF_MAP_DELETE_ELEM, &attributes);
}

/* ---- the program ---- */

enum label { NOWHERE, IPV6, NOT_LOOPBACK, IPV4_FOREIGN, GIVE, LEAVE, LABELS };

struct line {
	enum label here, to; /* the label of this line, and where it jumps */
	struct bpf_insn instruction;
};

#define R(n) (BPF_REG_0 + (n))
#define FIELD(name) ((int16_t)offsetof(struct bpf_sk_lookup, name))
#define OP(...) .instruction = {__VA_ARGS__}
#define MOVE(a, b) OP(.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = R(a), .src_reg = R(b))
#define NUMBER(a, value) OP(.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = R(a), .imm = (value))
#define ADD(a, value) OP(.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = R(a), .imm = (value))
#define AND(a, value) OP(.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = R(a), .imm = (value))
#define OR(a, b) OP(.code = BPF_ALU64 | BPF_OR | BPF_X, .dst_reg = R(a), .src_reg = R(b))
#define LOAD(a, b, at) OP(.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = R(a), .src_reg = R(b), .off = (at))
#define STORE(a, at, b) OP(.code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = R(a), .src_reg = R(b), .off = (at))
#define PUT(a, at, value) OP(.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = R(a), .off = (at), .imm = (value))
#define IF(a, how, value, label) .to = (label), OP(.code = BPF_JMP | (how) | BPF_K, .dst_reg = R(a), .imm = (value))
#define GOTO(label) .to = (label), OP(.code = BPF_JMP | BPF_JA)
#define CALL(function) OP(.code = BPF_JMP | BPF_CALL, .imm = (function))
#define MAP(a, map)                                                                                                    \
	OP(.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = R(a), .src_reg = BPF_PSEUDO_MAP_FD, .imm = (map))
#define MAP_REST OP(.code = 0) /* that instruction is two long */

static int load_program(void)
{
	enum { KEY = -4 }; /* a variable on the program's stack */
	const struct line lines[] = {
		{MOVE(6, 1)},
		{LOAD(2, 6, FIELD(protocol))},
		{IF(2, BPF_JNE, IPPROTO_TCP, LEAVE)},
		{LOAD(2, 6, FIELD(family))},
		{IF(2, BPF_JEQ, AF_INET6, IPV6)},
		{IF(2, BPF_JNE, AF_INET, LEAVE)},

		/* Addresses are in network order, so the first byte is the lowest. */
		{LOAD(2, 6, FIELD(local_ip4))},
		{MOVE(3, 2)},
		{AND(3, 0xff)},
		{IF(3, BPF_JEQ, 127, LEAVE)},
		{IF(2, BPF_JNE, (int32_t)htonl(OWN_ADDRESS), IPV4_FOREIGN)},
		{LOAD(3, 6, FIELD(local_port))},
		{STORE(10, KEY, 3)},
		{MOVE(2, 10)},
		{ADD(2, KEY)},
		{MAP(1, services)},
		{MAP_REST},
		{CALL(BPF_FUNC_map_lookup_elem)},
		{IF(0, BPF_JEQ, 0, LEAVE)},
		{.here = IPV4_FOREIGN, PUT(10, KEY, 0)},
		{GOTO(GIVE)},

		{.here = IPV6, LOAD(2, 6, FIELD(local_ip6[0]))},
		{LOAD(3, 6, FIELD(local_ip6[1]))},
		{OR(2, 3)},
		{LOAD(3, 6, FIELD(local_ip6[2]))},
		{OR(2, 3)},
		{IF(2, BPF_JNE, 0, NOT_LOOPBACK)},
		{LOAD(2, 6, FIELD(local_ip6[3]))},
		{IF(2, BPF_JEQ, (int32_t)htonl(1), LEAVE)},
		{.here = NOT_LOOPBACK, PUT(10, KEY, 1)},

		{.here = GIVE, MOVE(2, 10)},
		{ADD(2, KEY)},
		{MAP(1, sockets)},
		{MAP_REST},
		{CALL(BPF_FUNC_map_lookup_elem)},
		{IF(0, BPF_JEQ, 0, LEAVE)},
		{MOVE(7, 0)},
		{MOVE(1, 6)},
		{MOVE(2, 7)},
		{NUMBER(3, 0)},
		{CALL(BPF_FUNC_sk_assign)},
		{MOVE(1, 7)},
		{CALL(BPF_FUNC_sk_release)},

		{.here = LEAVE, NUMBER(0, SK_PASS)},
		{OP(.code = BPF_JMP | BPF_EXIT)},
	};
	enum { COUNT = sizeof lines / sizeof *lines };
	struct bpf_insn program[COUNT];
	int places[LABELS] = {0};
	for (int i = 0; i < COUNT; i++)
		places[lines[i].here] = i;
	for (int i = 0; i < COUNT; i++) {
		program[i] = lines[i].instruction;
		if (lines[i].to)
			program[i].off = (int16_t)(places[lines[i].to] - i - 1);
	}
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof attributes);
	attributes.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
	attributes.expected_attach_type = BPF_SK_LOOKUP;
	attributes.insns = pointer(program);
	attributes.insn_cnt = COUNT;
	attributes.license = pointer("Apache-2.0");
	return bpf(BPF_PROG_LOAD, &attributes);
}

static int attach(int program)
{
	union bpf_attr attributes;
	int network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (network < 0)
		return -1;
	memset(&attributes, 0, sizeof attributes);
	attributes.link_create.prog_fd = (uint32_t)program;
	attributes.link_create.target_fd = (uint32_t)network;
	attributes.link_create.attach_type = BPF_SK_LOOKUP;
	int fd = bpf(BPF_LINK_CREATE, &attributes);
	int error = errno;
	close(network);
	errno = error;
	return fd;
}

/* ---- on and off ---- */

bool steer_open(int ipv4, int ipv6, struct trouble *trouble)
{
	const uint64_t listeners[] = {(uint64_t)ipv4, (uint64_t)ipv6};
	sockets = make_map(BPF_MAP_TYPE_SOCKMAP, sizeof *listeners, 2);
	services = make_map(BPF_MAP_TYPE_HASH, sizeof(uint32_t), MAX_SERVICES);
	int program = -1;
	if (sockets >= 0 && services >= 0 && set(sockets, 0, &listeners[0]) == 0 &&
	    (ipv6 < 0 || set(sockets, 1, &listeners[1]) == 0) && (program = load_program()) >= 0)
		attached = attach(program);
	if (attached < 0)
		trouble_is(trouble, "attach the BPF program that takes connections");
	if (program >= 0)
		close(program); /* the link keeps it */
	return attached >= 0;
}

bool steer_service(uint16_t port, bool on, struct trouble *trouble)
{
	uint32_t present = 1;
	if (set(services, port, on ? &present : NULL) < 0 && (on || errno != ENOENT))
		return trouble_is(trouble, "%s the service at port %u", on ? "open" : "close", port);
	return true;
}

void steer_close(void)
{
	int *const all[] = {&attached, &services, &sockets};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}
