// SPDX-License-Identifier: GPL-2.0
/*
 * What the protocol imp2 does: it tells one program of the ICMP packets that come in.
 */

#include <linux/ip.h>
#include <linux/mutex.h>
#include <linux/netfilter_ipv4.h>

#include "imp2_nl.h"
#include "imp2_handlers.h"

/* The program that has registered; no port id is 0. */
static struct {
	struct net *net;
	u32 portid;
} watcher;
static DEFINE_MUTEX(watcher_lock);

static unsigned int see(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (ip->protocol == IPPROTO_ICMP) {
		struct imp2_nl_packet_event msg = {
			.packet.source = ip->saddr,
			.packet.destination = ip->daddr,
		};

		imp2_nl_packet_to_ports(state->net, &msg);
	}
	return NF_ACCEPT;
}

static const struct nf_hook_ops hook = {
	.hook = see,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_LOCAL_IN,
	.priority = NF_IP_PRI_FIRST,
};

static int __net_init hook_net(struct net *net)
{
	return nf_register_net_hook(net, &hook);
}

/* Not later: what the hook uses is gone when the namespace exits. */
static void __net_exit unhook_net(struct net *net)
{
	nf_unregister_net_hook(net, &hook);
}

static struct pernet_operations hook_ops = {
	.init = hook_net,
	.pre_exit = unhook_net,
};

int imp2_module_init(void)
{
	return register_pernet_subsys(&hook_ops);
}

void imp2_module_exit(void)
{
	unregister_pernet_subsys(&hook_ops);
}

static bool watches(const struct net *net, u32 portid)
{
	return watcher.portid == portid && net_eq(watcher.net, net);
}

void imp2_port_closed(struct net *net, u32 portid)
{
	mutex_lock(&watcher_lock);
	if (watches(net, portid))
		watcher.portid = 0;
	mutex_unlock(&watcher_lock);
}

int imp2_register(struct imp2_nl_ctx *ctx)
{
	int err = 0;

	mutex_lock(&watcher_lock);
	if (!watcher.portid) {
		watcher.net = ctx->net;
		watcher.portid = ctx->portid;
	} else if (!watches(ctx->net, ctx->portid)) {
		NL_SET_ERR_MSG(ctx->extack, "another program has registered");
		err = -EBUSY;
	}
	mutex_unlock(&watcher_lock);
	return err;
}

int imp2_unregister(struct imp2_nl_ctx *ctx)
{
	int err = 0;

	mutex_lock(&watcher_lock);
	if (watches(ctx->net, ctx->portid)) {
		watcher.portid = 0;
	} else {
		NL_SET_ERR_MSG(ctx->extack, "this program has not registered");
		err = -ENOENT;
	}
	mutex_unlock(&watcher_lock);
	return err;
}
