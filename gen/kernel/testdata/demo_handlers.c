// SPDX-License-Identifier: GPL-2.0
/*
 * What the family demo does: it keeps things in a table, and rings alarms.
 */

#include <linux/mutex.h>
#include <linux/string.h>

#include "demo_nl.h"
#include "demo_handlers.h"

struct thing {
	struct demo_nl_thing set; /* as it was set */
	char name[DEMO_NAME_LEN + 1];
};

static DEFINE_MUTEX(lock);
static struct thing things[1000];
static unsigned int changes;

int demo_module_init(void)
{
	changes = 1;
	return 0;
}

void demo_module_exit(void)
{
}

void demo_port_closed(struct net *net, u32 portid)
{
	struct demo_nl_alarm msg = {
		.has.level = 1, .level = DEMO_LEVEL_LOW,
		.has.text = 1, .text = "a registered socket was closed",
	};

	demo_nl_alarm_multicast(net, &msg, GFP_KERNEL);
}

/* Returns the place of a thing, NULL if there is no room for it. */
static struct thing *place(u32 id)
{
	return id > 0 && id <= ARRAY_SIZE(things) ? &things[id - 1] : NULL;
}

/* Returns a thing, NULL if there is none. */
static struct thing *find(u32 id)
{
	struct thing *thing = place(id);

	return thing && thing->set.has.id ? thing : NULL;
}

static bool wanted(const struct thing *thing, const struct demo_nl_get_dump_request *req)
{
	return thing->set.has.id &&
	       (!req->has.colour || (thing->set.has.colour && thing->set.colour == req->colour));
}

static int not_found(struct demo_nl_ctx *ctx)
{
	NL_SET_ERR_MSG(ctx->extack, "there is no such thing");
	return demo_nl_blame(ctx, DEMO_A_THING_ID, -ENOENT);
}

/* What is replied must last until it is sent, so texts are copied. */
static int describe(struct demo_nl_ctx *ctx, const struct thing *thing, struct demo_nl_thing *reply)
{
	char *name = demo_nl_alloc(&ctx->mem, sizeof(thing->name), 1);

	if (!name)
		return -ENOMEM;
	strscpy(name, thing->name, sizeof(thing->name));
	*reply = thing->set;
	reply->name = name;
	return 0;
}

int demo_get(struct demo_nl_ctx *ctx, const struct demo_nl_get_request *req,
	     struct demo_nl_thing *reply)
{
	struct thing *thing;
	int err;

	if (!req->has.id)
		return demo_nl_missing(ctx, DEMO_A_THING_ID);
	mutex_lock(&lock);
	thing = find(req->id);
	err = thing ? describe(ctx, thing, reply) : not_found(ctx);
	mutex_unlock(&lock);
	return err;
}

int demo_get_next(struct demo_nl_ctx *ctx, struct demo_nl_cursor *cursor,
		  const struct demo_nl_get_dump_request *req,
		  struct demo_nl_thing *reply)
{
	int err = 0;

	mutex_lock(&lock);
	cursor->seq = changes;
	while (!err && cursor->pos[0] < ARRAY_SIZE(things)) {
		const struct thing *thing = &things[cursor->pos[0]++];

		if (wanted(thing, req))
			err = describe(ctx, thing, reply) ?: 1;
	}
	mutex_unlock(&lock);
	return err;
}

int demo_set(struct demo_nl_ctx *ctx, const struct demo_nl_thing *req)
{
	struct demo_nl_thing changed = {};
	struct thing *thing;
	int err;

	if (!req->has.id)
		return demo_nl_missing(ctx, DEMO_A_THING_ID);
	thing = place(req->id);
	if (!thing) {
		NL_SET_ERR_MSG(ctx->extack, "there is room for 1000 things");
		return demo_nl_blame(ctx, DEMO_A_THING_ID, -ENOSPC);
	}
	mutex_lock(&lock);
	thing->set = *req;
	if (req->has.name)
		strscpy(thing->name, req->name, sizeof(thing->name));
	changes++;
	err = describe(ctx, thing, &changed);
	mutex_unlock(&lock);
	return err ?: demo_nl_changed_multicast(ctx->net, &changed, GFP_KERNEL);
}

int demo_del(struct demo_nl_ctx *ctx, const struct demo_nl_get_request *req)
{
	struct thing *thing;
	int err = 0;

	if (!req->has.id)
		return demo_nl_missing(ctx, DEMO_A_THING_ID);
	mutex_lock(&lock);
	thing = find(req->id);
	if (thing) {
		memset(thing, 0, sizeof(*thing));
		changes++;
	} else {
		err = not_found(ctx);
	}
	mutex_unlock(&lock);
	return err;
}

int demo_echo(struct demo_nl_ctx *ctx, const struct demo_nl_values *req,
	      struct demo_nl_values *reply)
{
	*reply = *req;
	return 0;
}

int demo_ring(struct demo_nl_ctx *ctx, const struct demo_nl_alarm *req)
{
	demo_nl_alarm_to_ports(ctx->net, req);
	return demo_nl_alarm_multicast(ctx->net, req, GFP_KERNEL);
}

int demo_register(struct demo_nl_ctx *ctx)
{
	return demo_nl_port_add(ctx->net, ctx->portid);
}

int demo_unregister(struct demo_nl_ctx *ctx)
{
	demo_nl_port_del(ctx->net, ctx->portid);
	return 0;
}
