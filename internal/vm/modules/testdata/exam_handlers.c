// SPDX-License-Identifier: GPL-2.0
/*
 * What the protocol exam does: it keeps a text and passes it on to one program.
 */

#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "exam_nl.h"
#include "exam_handlers.h"

#define BUFFER "netlink_exam_buffer"

static char kept[EXAM_MAX_TEXT];
static u32 kept_len;

/* The program that receives; no port id is 0. */
static struct {
	struct net *net;
	u32 portid;
} receiver;

/* For all of the above. */
static DEFINE_MUTEX(exam_lock);

static int show(struct seq_file *file, void *unused)
{
	mutex_lock(&exam_lock);
	seq_write(file, kept, kept_len);
	mutex_unlock(&exam_lock);
	return 0;
}

int exam_module_init(void)
{
	return proc_create_single(BUFFER, 0444, NULL, show) ? 0 : -ENOMEM;
}

void exam_module_exit(void)
{
	remove_proc_entry(BUFFER, NULL);
}

static bool receives(const struct net *net, u32 portid)
{
	return receiver.portid == portid && net_eq(receiver.net, net);
}

void exam_port_closed(struct net *net, u32 portid)
{
	mutex_lock(&exam_lock);
	if (receives(net, portid))
		receiver.portid = 0;
	mutex_unlock(&exam_lock);
}

int exam_send(struct exam_nl_ctx *ctx, const struct exam_nl_send_request *req)
{
	if (req->text_len > sizeof(kept)) {
		NL_SET_ERR_MSG(ctx->extack, "the text is too long");
		return -EMSGSIZE;
	}
	mutex_lock(&exam_lock);
	memcpy(kept, req->text, req->text_len);
	kept_len = req->text_len;
	exam_nl_text_to_ports(ctx->net, req);
	mutex_unlock(&exam_lock);
	return 0;
}

int exam_receive(struct exam_nl_ctx *ctx)
{
	int err = 0;

	mutex_lock(&exam_lock);
	if (!receiver.portid) {
		receiver.net = ctx->net;
		receiver.portid = ctx->portid;
	} else if (!receives(ctx->net, ctx->portid)) {
		NL_SET_ERR_MSG(ctx->extack, "another program receives");
		err = -EBUSY;
	}
	mutex_unlock(&exam_lock);
	return err;
}

int exam_stop(struct exam_nl_ctx *ctx)
{
	int err = 0;

	mutex_lock(&exam_lock);
	if (receives(ctx->net, ctx->portid)) {
		receiver.portid = 0;
	} else {
		NL_SET_ERR_MSG(ctx->extack, "this program does not receive");
		err = -ENOENT;
	}
	mutex_unlock(&exam_lock);
	return err;
}
