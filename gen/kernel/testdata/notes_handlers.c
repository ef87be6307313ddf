// SPDX-License-Identifier: GPL-2.0
/*
 * What the protocol notes does: it makes up notes, and passes on what it is told.
 */

#include "notes_nl.h"
#include "notes_handlers.h"

int notes_module_init(void)
{
	return 0;
}

void notes_module_exit(void)
{
}

void notes_port_closed(struct net *net, u32 portid)
{
}

static void make_up(struct notes_nl_note *note, u32 id)
{
	static const char * const tags[] = { "made", "up" };
	static const struct notes_nl_author author = {
		.has.uid = 1, .uid = 7, .has.when = 1, .when = -1,
	};
	static const u16 sizes[] = { 1, 2, 3 };

	note->header.index = id;
	note->has.id = 1;
	note->id = id;
	note->has.text = 1;
	note->text = "a note";
	note->tags = tags;
	note->n_tags = ARRAY_SIZE(tags);
	note->has.author = 1;
	note->author = &author;
	note->has.sizes = 1;
	note->sizes = sizes;
	note->n_sizes = ARRAY_SIZE(sizes);
}

int notes_get(struct notes_nl_ctx *ctx, const struct notes_nl_get_request *req,
	      struct notes_nl_note *reply)
{
	if (!req->has.id)
		return notes_nl_missing(ctx, NOTES_A_ID);
	make_up(reply, req->id);
	return 0;
}

int notes_get_next(struct notes_nl_ctx *ctx, struct notes_nl_cursor *cursor,
		   const struct notes_nl_get_dump_request *req,
		   struct notes_nl_note *reply)
{
	if (cursor->pos[0] == 1000)
		return 0;
	make_up(reply, cursor->pos[0]++);
	return 1;
}

int notes_put(struct notes_nl_ctx *ctx, const struct notes_nl_note *req)
{
	notes_nl_written_to_ports(ctx->net, req);
	return notes_nl_written_multicast(ctx->net, req, GFP_KERNEL);
}

int notes_list_next(struct notes_nl_ctx *ctx, struct notes_nl_cursor *cursor,
		    struct notes_nl_author *reply)
{
	if (cursor->pos[0] == 3)
		return 0;
	reply->has.uid = 1;
	reply->uid = cursor->pos[0]++;
	return 1;
}

int notes_join(struct notes_nl_ctx *ctx)
{
	return 0;
}

int notes_leave(struct notes_nl_ctx *ctx)
{
	return 0;
}

int notes_say(struct notes_nl_ctx *ctx, const struct notes_nl_say_request *req,
	      struct notes_nl_say_reply *reply)
{
	struct notes_banner *lines = notes_nl_alloc(&ctx->mem, 2, sizeof(*lines));
	struct notes_nl_shout_event shout = {
		.banner.kind = 5, .text = req->text, .text_len = req->text_len,
	};

	if (!lines)
		return -ENOMEM;
	lines[0].kind = req->banner.kind;
	lines[0].length = cpu_to_be16(req->text_len);
	lines[1].length = cpu_to_be16(req->rest_len);
	reply->lines = lines;
	reply->n_lines = 2;
	return notes_nl_shout_multicast(ctx->net, &shout, GFP_KERNEL);
}

int notes_tell(struct notes_nl_ctx *ctx, const struct notes_nl_tell_request *req,
	       struct notes_nl_tell_request *reply)
{
	reply->letter = req->letter;
	return 0;
}

/* The kind in the banner is how long a line is. */
int notes_look_up(struct notes_nl_ctx *ctx, const struct notes_nl_look_up_request *req,
		  struct notes_nl_look_up_reply *reply)
{
	const char *meaning = notes_nl_value(req->words, req->words_len, "word");
	struct notes_scroll *scroll;

	if (!meaning) {
		NL_SET_ERR_MSG(ctx->extack, "no such word");
		return -ENOENT;
	}
	scroll = notes_nl_alloc(&ctx->mem, sizeof(*scroll) + strlen(meaning), 1);
	if (!scroll)
		return -ENOMEM;
	scroll->width = req->banner.kind;
	memcpy(scroll->bytes, meaning, strlen(meaning));
	reply->scroll = scroll;
	reply->scroll_len = sizeof(*scroll) + strlen(meaning);
	return 0;
}

int notes_unroll(struct notes_nl_ctx *ctx, const struct notes_nl_look_up_reply *req,
		 struct notes_nl_look_up_reply *reply)
{
	*reply = *req;
	return 0;
}
