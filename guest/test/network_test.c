/* docs/protocol.md, the relay: addresses, routes and steering, in a network namespace of the test's own. */
#include "relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OWN "10.91.0.1"

ROOT_TEST("connections to a network are taken with the address that they were meant for")
{
	static const char *const addresses[] = {"192.0.2.1", "192.0.2.255", "198.51.100.7"};
	struct host *host = network_start();
	struct request setup = setup_with(0);
	add_network(&setup, "192.0.2.0", 24, false);
	add_network(&setup, "198.51.100.7", 32, false);
	CHECK_NUMBER(set_up(host, &setup), 0);
	for (uint16_t i = 0; i < 3; i++) {
		int client = client_of(addresses[i], 443 + i);
		uint32_t id = expect_open(host, OPEN_IPV4, addresses[i], 443 + i);
		say_accepted(host, id);
		put_text(client, "question");
		expect_data(host, id, "question");
		say_data(host, id, "answer", 6);
		check_reads(client, "answer");
	}
}

ROOT_TEST("connections to an IPv6 network are taken too")
{
	struct host *host = network_start();
	struct request setup = setup_with(0);
	add_network(&setup, "2001:db8:1::", 48, false);
	CHECK_NUMBER(set_up(host, &setup), 0);
	int client = client_of("2001:db8:1::99", 443);
	uint32_t id = expect_open(host, OPEN_IPV6, "2001:db8:1::99", 443);
	put_text(client, "question");
	expect_data(host, id, "question");
	CHECK_NUMBER(try_connect("2001:db8:2::1", 443), -ENETUNREACH);
}

ROOT_TEST("what is in no network, or in a refused one, is unreachable at once")
{
	struct host *host = network_start();
	struct request setup = setup_with(0);
	CHECK_NUMBER(try_connect("192.0.2.1", 443), -ENETUNREACH);
	add_network(&setup, "0.0.0.0", 0, false);
	add_network(&setup, "10.0.0.0", 8, true);
	add_network(&setup, "10.1.0.0", 16, false);
	add_network(&setup, "169.254.0.0", 16, true);
	add_network(&setup, "169.254.0.0", 16, false); /* both: refused */
	add_network(&setup, "::", 0, false);
	add_network(&setup, "fc00::", 7, true);
	CHECK_NUMBER(set_up(host, &setup), 0);
	CHECK_NUMBER(try_connect("10.0.0.1", 443), -ENETUNREACH);
	CHECK_NUMBER(try_connect("169.254.169.254", 80), -ENETUNREACH);
	CHECK_NUMBER(try_connect("fd00:ec2::254", 80), -ENETUNREACH);
	client_of("10.1.2.3", 443);
	expect_open(host, OPEN_IPV4, "10.1.2.3", 443);
	client_of("203.0.113.9", 1);
	expect_open(host, OPEN_IPV4, "203.0.113.9", 1);
	client_of("2001:db8::1", 65535);
	expect_open(host, OPEN_IPV6, "2001:db8::1", 65535);
}

ROOT_TEST("loopback and the rest of 10.91.0.1 stay what they are when everything is a network")
{
	struct host *host = network_start();
	struct request setup = setup_with(443);
	add_network(&setup, "0.0.0.0", 0, false);
	add_network(&setup, "::", 0, false);
	CHECK_NUMBER(set_up(host, &setup), 0);
	CHECK_NUMBER(try_connect("127.0.0.1", 443), -ECONNREFUSED);
	CHECK_NUMBER(try_connect("127.9.9.9", 443), -ECONNREFUSED);
	CHECK_NUMBER(try_connect("::1", 443), -ECONNREFUSED);
	CHECK_NUMBER(try_connect(OWN, 444), -ECONNREFUSED);
	int server = server_at("0.0.0.0", 444, SOCK_STREAM);
	close(client_of("127.0.0.1", 444));
	close(accept(server, NULL, NULL));
	close(client_of(OWN, 444));
	close(accept(server, NULL, NULL));
	client_of(OWN, 443);
	expect_open(host, OPEN_SERVICE, NULL, 443);
}

ROOT_TEST("a service takes no port from the guest's programs")
{
	struct host *host = network_start();
	int before = server_at("0.0.0.0", 80, SOCK_STREAM);
	struct request setup = setup_with(80);
	add_service(&setup, 443);
	CHECK_NUMBER(set_up(host, &setup), 0);
	int after = server_at("0.0.0.0", 443, SOCK_STREAM);
	close(client_of("127.0.0.1", 80));
	close(accept(before, NULL, NULL));
	close(client_of("127.0.0.1", 443));
	close(accept(after, NULL, NULL));
	client_of(OWN, 80);
	expect_open(host, OPEN_SERVICE, NULL, 80);
	client_of(OWN, 443);
	expect_open(host, OPEN_SERVICE, NULL, 443);
}

ROOT_TEST("a setup changes what is different, and resets what it does not cover any more")
{
	struct host *host = network_start();
	struct request setup = setup_with(80);
	add_network(&setup, "192.0.2.0", 24, false);
	add_network(&setup, "198.51.100.0", 24, false);
	add_network(&setup, "2001:db8::", 32, false);
	CHECK_NUMBER(set_up(host, &setup), 0);
	int stays = client_of("192.0.2.1", 443);
	uint32_t id = expect_open(host, OPEN_IPV4, "192.0.2.1", 443);
	int refused = client_of("192.0.2.129", 443);
	uint32_t refused_id = expect_open(host, OPEN_IPV4, "192.0.2.129", 443);
	int goes = client_of("198.51.100.1", 443);
	expect_open(host, OPEN_IPV4, "198.51.100.1", 443);
	int ipv6 = client_of("2001:db8::1", 443);
	expect_open(host, OPEN_IPV6, "2001:db8::1", 443);
	int service = client_of(OWN, 80);
	expect_open(host, OPEN_SERVICE, NULL, 80);

	setup = setup_with(81);
	add_network(&setup, "192.0.2.0", 24, false);
	add_network(&setup, "192.0.2.128", 25, true);
	CHECK_NUMBER(set_up(host, &setup), 0);
	check_is_reset(refused);
	check_is_reset(goes);
	check_is_reset(ipv6);
	check_is_reset(service);
	put_text(stays, "here");
	expect_data(host, id, "here");
	CHECK(refused_id > id);
	CHECK_NUMBER(try_connect("192.0.2.129", 443), -ENETUNREACH);
	CHECK_NUMBER(try_connect("198.51.100.1", 443), -ENETUNREACH);
	CHECK_NUMBER(try_connect("2001:db8::1", 443), -ENETUNREACH);
	CHECK_NUMBER(try_connect(OWN, 80), -ECONNREFUSED);
	client_of(OWN, 81);
	expect_open(host, OPEN_SERVICE, NULL, 81);

	/* And back. */
	setup = setup_with(0);
	add_network(&setup, "192.0.2.0", 24, false);
	CHECK_NUMBER(set_up(host, &setup), 0);
	client_of("192.0.2.129", 443);
	expect_open(host, OPEN_IPV4, "192.0.2.129", 443);
}

ROOT_TEST("at HELLO everything is closed at once")
{
	struct host *host = network_start();
	struct request setup = setup_with(80);
	add_network(&setup, "0.0.0.0", 0, false);
	add_network(&setup, "::", 0, false);
	add_dns(&setup);
	CHECK_NUMBER(set_up(host, &setup), 0);
	int ipv4 = client_of("192.0.2.1", 443), ipv6 = client_of("2001:db8::1", 443), service = client_of(OWN, 80);
	CHECK_NUMBER(hello(host), 1);
	check_is_reset(ipv4);
	check_is_reset(ipv6);
	check_is_reset(service);
	CHECK_NUMBER(try_connect("192.0.2.1", 443), -ENETUNREACH);
	CHECK_NUMBER(try_connect("2001:db8::1", 443), -ENETUNREACH);
	CHECK_NUMBER(try_connect(OWN, 80), -ECONNREFUSED);
	CHECK_NUMBER(set_up(host, &setup), 0);
	client_of("192.0.2.1", 443);
	CHECK_NUMBER(expect_open(host, OPEN_IPV4, "192.0.2.1", 443), 1);
}

ROOT_TEST("as many networks as are allowed are set up, changed and taken back")
{
	struct host *host = network_start();
	struct request setup = setup_with(0), other = setup_with(0), none = setup_with(0);
	for (int i = 0; i < MAX_NETWORKS; i++) {
		add_network(&setup, text("20.%d.%d.0", i / 256, i % 256), 24, false);
		add_network(&setup, text("20.%d.%d.128", i / 256, i % 256), 25, true);
		add_network(&other, text("20.%d.%d.0", i / 128, i % 128 * 2), 24, i % 3 == 0);
	}
	CHECK_NUMBER(set_up(host, &setup), 0);
	client_of("20.3.255.127", 443);
	expect_open(host, OPEN_IPV4, "20.3.255.127", 443);
	CHECK_NUMBER(try_connect("20.3.255.128", 443), -ENETUNREACH);
	CHECK_NUMBER(set_up(host, &other), 0);
	CHECK_NUMBER(try_connect("20.0.0.1", 443), -ENETUNREACH);
	client_of("20.0.2.200", 443);
	expect_open(host, OPEN_IPV4, "20.0.2.200", 443);
	CHECK_NUMBER(set_up(host, &none), 0);
	CHECK_NUMBER(try_connect("20.0.2.200", 443), -ENETUNREACH);
}

ROOT_TEST("who finds the agent's own listeners is turned away")
{
	struct host *host = network_start();
	struct request setup = setup_with(80);
	CHECK_NUMBER(set_up(host, &setup), 0);
	unsigned port = 0;
	FILE *list = fopen("/proc/thread-self/net/tcp", "r");
	char line[512];
	while (list && fgets(line, sizeof line, list))
		if (sscanf(line, " %*d: 0100007F:%x 00000000:0000 0A", &port) == 1)
			break;
	fclose(list);
	CHECK(port);
	check_is_reset(client_of("127.0.0.1", (uint16_t)port));
	client_of(OWN, 80);
	CHECK_NUMBER(expect_open(host, OPEN_SERVICE, NULL, 80), 1);
}

ROOT_TEST("DNS answers from 10.91.0.1, and UDP to a network finds nobody")
{
	struct host *host = network_start();
	struct request setup = setup_with(53);
	add_dns(&setup);
	add_network(&setup, "192.0.2.0", 24, false);
	CHECK_NUMBER(set_up(host, &setup), 0);
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
	address.sin_addr.s_addr = htonl(OWN_ADDRESS);
	CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
	put_text(client, "?");
	uint32_t id = expect_open(host, OPEN_DATAGRAM, NULL, 53);
	expect(host, F_DATA, id);
	say_accepted(host, id);
	send_frame_of(host, F_DATA, FLAG_END, id, "\0\2ok", 4);
	check_reads(client, "ok");
	client_of(OWN, 53);
	expect_open(host, OPEN_SERVICE, NULL, 53);

	char byte;
	int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 */
	CHECK(connect(other, (struct sockaddr *)&address, sizeof address) == 0);
	put_text(other, "?");
	CHECK_NUMBER(recv(other, &byte, 1, 0), -1);
	CHECK_NUMBER(errno, ECONNREFUSED);
}
