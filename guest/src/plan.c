/* What a SETUP says: services, DNS, networks. */
#include "relay.h"

#include <stdlib.h>
#include <string.h>

size_t address_length(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

int network_order(const void *one, const void *other)
{
	const struct network *a = one, *b = other;
	if (a->family != b->family)
		return a->family - b->family;
	if (a->prefix != b->prefix)
		return a->prefix - b->prefix;
	return memcmp(a->address, b->address, sizeof a->address);
}

/* Refused before allowed, so that of both the refused one stays. */
static int refused_first(const void *one, const void *other)
{
	const struct network *a = one, *b = other;
	int order = network_order(one, other);
	return order ? order : b->refused - a->refused;
}

static int port_order(const void *one, const void *other)
{
	return *(const uint16_t *)one - *(const uint16_t *)other;
}

/* Whether an address begins with the first `prefix` bits of another. */
static bool begins_with(const uint8_t *address, const uint8_t *start, unsigned prefix)
{
	unsigned bytes = prefix / 8, bits = prefix % 8;
	return memcmp(address, start, bytes) == 0 &&
	       (!bits || (uint8_t)(address[bytes] ^ start[bytes]) >> (8 - bits) == 0);
}

static bool network_read(struct network *network, const struct field *field)
{
	memset(network, 0, sizeof *network);
	if (field->length < 2 || (field->value[0] != 4 && field->value[0] != 6))
		return false;
	network->family = field->value[0];
	network->prefix = field->value[1];
	network->refused = field->tag == 4;
	size_t length = address_length(network->family);
	if (field->length != 2 + length || network->prefix > 8 * length)
		return false;
	memcpy(network->address, field->value + 2, length);
	/* Nothing behind the prefix, or the same network could have several names. */
	for (unsigned bit = network->prefix; bit < 8 * length; bit++)
		if (network->address[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

static void drop_repetitions(struct plan *plan)
{
	size_t kept = 0;
	qsort(plan->services, plan->service_count, sizeof *plan->services, port_order);
	for (size_t i = 0; i < plan->service_count; i++)
		if (!kept || plan->services[i] != plan->services[kept - 1])
			plan->services[kept++] = plan->services[i];
	plan->service_count = kept;
	kept = 0;
	if (plan->network_count)
		qsort(plan->networks, plan->network_count, sizeof *plan->networks, refused_first);
	for (size_t i = 0; i < plan->network_count; i++)
		if (!kept || network_order(&plan->networks[i], &plan->networks[kept - 1]) != 0)
			plan->networks[kept++] = plan->networks[i];
	plan->network_count = kept;
}

static bool read_fields(struct plan *plan, struct fields fields)
{
	struct field field;
	enum field_next next;
	size_t networks[2] = {0, 0};
	while ((next = field_next(&fields, &field)) == FIELD_OK) {
		switch (field.tag) {
		case 1:
			if (field.length != 2 || !get16(field.value) || plan->service_count == MAX_SERVICES)
				return false;
			plan->services[plan->service_count++] = get16(field.value);
			break;
		case 2:
			if (field.length != 1 || field.value[0] != 1 || plan->dns)
				return false;
			plan->dns = true;
			break;
		case 3:
		case 4:
			if (networks[field.tag - 3]++ == MAX_NETWORKS ||
			    !network_read(&plan->networks[plan->network_count], &field))
				return false;
			plan->network_count++;
			break;
		default:
			return false;
		}
	}
	return next == FIELD_NONE;
}

/* False, and nothing to free, when a field is wrong. */
bool plan_read(struct plan *plan, struct fields fields)
{
	memset(plan, 0, sizeof *plan);
	size_t most = (size_t)(fields.end - fields.at) / (5 + 2 + 4) + 1;
	plan->networks = calloc(most, sizeof *plan->networks);
	if (!plan->networks)
		die("out of memory");
	if (!read_fields(plan, fields)) {
		plan_free(plan);
		return false;
	}
	drop_repetitions(plan);
	return true;
}

bool plan_has_service(const struct plan *plan, uint16_t port)
{
	for (size_t i = 0; i < plan->service_count; i++)
		if (plan->services[i] == port)
			return true;
	return false;
}

/* Among the networks that hold an address, the longest prefix decides. */
static bool networks_cover(const struct plan *plan, uint8_t family, const uint8_t *address)
{
	/* They are sorted, so the last one is the longest. */
	for (size_t i = plan->network_count; i-- > 0;) {
		const struct network *network = &plan->networks[i];
		if (network->family == family && begins_with(address, network->address, network->prefix))
			return !network->refused;
	}
	return false;
}

bool plan_covers(const struct plan *plan, const struct target *target)
{
	switch (target->kind) {
	case OPEN_SERVICE:
		return plan_has_service(plan, target->port);
	case OPEN_DATAGRAM:
		return plan->dns;
	case OPEN_IPV4:
		return networks_cover(plan, 4, target->address);
	case OPEN_IPV6:
		return networks_cover(plan, 6, target->address);
	}
	return false;
}

bool plan_is_empty(const struct plan *plan)
{
	return !plan->service_count && !plan->network_count && !plan->dns;
}

void plan_free(struct plan *plan)
{
	free(plan->networks);
	memset(plan, 0, sizeof *plan);
}
