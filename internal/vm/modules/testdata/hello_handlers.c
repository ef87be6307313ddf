// SPDX-License-Identifier: GPL-2.0
/*
 * What the protocol hello does: it says hello ten times in a second.
 */

#include <linux/workqueue.h>

#include "hello_nl.h"
#include "hello_handlers.h"

static void say_hello(struct work_struct *work);

static DECLARE_DELAYED_WORK(greeter, say_hello);

static void say_hello(struct work_struct *work)
{
	static const char text[] = "Hello from kernel";
	struct hello_nl_greeting_event msg = { .text = text, .text_len = sizeof(text) - 1 };

	hello_nl_greeting_multicast(&init_net, &msg, GFP_KERNEL);
	schedule_delayed_work(&greeter, HZ / 10);
}

int hello_module_init(void)
{
	schedule_delayed_work(&greeter, 0);
	return 0;
}

void hello_module_exit(void)
{
	cancel_delayed_work_sync(&greeter);
}

void hello_port_closed(struct net *net, u32 portid)
{
}
