// SPDX-License-Identifier: GPL-2.0
/*
 * What the family shapes does: it sends back what it gets.
 */

#include "shapes_nl.h"
#include "shapes_handlers.h"

int shapes_module_init(void)
{
	return 0;
}

void shapes_module_exit(void)
{
}

int shapes_echo(struct shapes_nl_ctx *ctx,
		const struct shapes_nl_thing *req,
		struct shapes_nl_thing *reply)
{
	*reply = *req;
	return 0;
}

/* So many that one message does not hold them. */
int shapes_echo_next(struct shapes_nl_ctx *ctx, struct shapes_nl_cursor *cursor,
		     const struct shapes_nl_thing *req,
		     struct shapes_nl_thing *reply)
{
	if (cursor->pos[0] == 100)
		return 0;
	*reply = *req;
	reply->has.gap = 1;
	reply->gap = cursor->pos[0]++;
	return 1;
}

int shapes_strict(struct shapes_nl_ctx *ctx,
		  const struct shapes_nl_strict_request *req,
		  struct shapes_nl_strict_request *reply)
{
	*reply = *req;
	return 0;
}

int shapes_implied(struct shapes_nl_ctx *ctx,
		   const struct shapes_nl_implied_request *req,
		   struct shapes_nl_thing *reply)
{
	static const struct shapes_nl_dot dot = { .has.x = 1, .x = 7 };
	static const struct shapes_size size = { .width = 2, .height = 3 };

	reply->has.shape = 1;
	reply->shape.form = SHAPES_NL_SHAPE_DOT;
	reply->shape.dot = &dot;
	reply->has.anything = 1;
	reply->anything.form = SHAPES_NL_ANYTHING_LINE;
	reply->anything.line = &size;
	return 0;
}
