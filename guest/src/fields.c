/* Fields: of requests, and of the relay's SETUP. */
#include "agent.h"

#include <string.h>

enum field_next field_next(struct fields *fields, struct field *field)
{
	size_t left = (size_t)(fields->end - fields->at);
	if (left == 0)
		return FIELD_NONE;
	if (left < 5)
		return FIELD_BAD;
	field->tag = fields->at[0];
	field->length = get32(fields->at + 1);
	field->value = fields->at + 5;
	if (field->length > left - 5)
		return FIELD_BAD;
	fields->at += 5 + field->length;
	return FIELD_OK;
}

bool field_is_text(const struct field *field)
{
	return field->length && !memchr(field->value, 0, field->length);
}
