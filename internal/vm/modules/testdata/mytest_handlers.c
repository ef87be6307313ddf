// SPDX-License-Identifier: GPL-2.0
/*
 * What the protocol mytest does: it passes test errors on to those who listen.
 */

#include <linux/string.h>

#include "mytest_nl.h"
#include "mytest_handlers.h"

int mytest_module_init(void)
{
	return 0;
}

void mytest_module_exit(void)
{
}

void mytest_port_closed(struct net *net, u32 portid)
{
}

int mytest_raise_error(struct mytest_nl_ctx *ctx,
		       const struct mytest_nl_raise_error_request *req)
{
	const struct fs_error *report = &req->report;

	if (strnlen(report->function, sizeof(report->function)) == sizeof(report->function)) {
		NL_SET_ERR_MSG(ctx->extack, "no NUL ends the name of the function");
		return -EINVAL;
	}
	if (report->error <= 0 || report->error > MAX_ERRNO) {
		NL_SET_ERR_MSG(ctx->extack, "not an error number");
		return -ERANGE;
	}
	return mytest_nl_error_ntf_multicast(ctx->net, req, GFP_KERNEL);
}
