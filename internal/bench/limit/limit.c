// The limit of the workloads: what C does that reuses one buffer and looks at
// message headers alone. It speaks the protocol of worker.go.
//
//	limit dump PROTOCOL REQUEST                 send and walk until NLMSG_DONE
//	limit trip PROTOCOL REQUEST COUNT           COUNT times send and receive
//	limit install PROTOCOL REQUEST OFFSET COUNT BATCH
//	    send COUNT copies, BATCH at a time, with an acknowledgement for the last
//	    of each; the 32 bits at OFFSET count up, in network byte order
//	limit drain PROTOCOL GROUP COUNT            receive COUNT messages
//
// Requests are in hexadecimal, with their netlink headers.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int fd = -1;
static char in[64 << 10];
static unsigned char request[8 << 10];
static size_t request_len;

static void fail(const char *what)
{
	printf("error %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_socket(int protocol)
{
	struct sockaddr_nl local = {.nl_family = AF_NETLINK};

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)))
		fail("socket");
	// Batches exceed the default.
	int size = 4 << 20;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		fail("SO_SNDBUFFORCE");
}

static void parse(const char *hex)
{
	request_len = strlen(hex) / 2;
	if (request_len > sizeof(request)) {
		errno = EMSGSIZE;
		fail("request");
	}
	for (size_t i = 0; i < request_len; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			fail("request");
		request[i] = byte;
	}
}

static void send_all(const void *b, size_t n)
{
	if (send(fd, b, n, 0) != (ssize_t)n)
		fail("send");
}

static int receive(void)
{
	ssize_t n = recv(fd, in, sizeof(in), 0);

	if (n < 0)
		fail("recv");
	return n;
}

static void check(struct nlmsghdr *h)
{
	if (h->nlmsg_type == NLMSG_ERROR) {
		errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (errno)
			fail("request");
	}
}

static long dump(void)
{
	long items = 0;

	send_all(request, request_len);
	for (;;) {
		int n = receive();

		for (struct nlmsghdr *h = (void *)in; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			check(h);
			if (h->nlmsg_type == NLMSG_DONE)
				return items;
			items++;
		}
	}
}

static long trip(long count)
{
	for (long i = 0; i < count; i++) {
		send_all(request, request_len);
		receive();
		check((struct nlmsghdr *)in);
	}
	return count;
}

static long install(size_t offset, long count, long batch)
{
	unsigned char *out = malloc(batch * request_len);
	uint32_t first;

	memcpy(&first, request + offset, sizeof(first));
	for (long i = 0; i < count;) {
		size_t len = 0;

		for (long end = i + batch < count ? i + batch : count; i < end; i++) {
			struct nlmsghdr *h = (void *)(out + len);
			uint32_t v = htonl(ntohl(first) + i);

			memcpy(h, request, request_len);
			memcpy(out + len + offset, &v, sizeof(v));
			h->nlmsg_seq = i + 1;
			if (i + 1 == end)
				h->nlmsg_flags |= NLM_F_ACK;
			len += request_len;
		}
		send_all(out, len);
		receive();
		check((struct nlmsghdr *)in);
	}
	free(out);
	return count;
}

static void subscribe(int protocol, int group)
{
	if (fd >= 0)
		close(fd);
	open_socket(protocol);
	int size = 512 << 20;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		fail("subscribe");
}

static long drain(long count)
{
	long items = 0;

	while (items < count) {
		int n = receive();

		for (struct nlmsghdr *h = (void *)in; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
			items++;
	}
	close(fd);
	fd = -1;
	return items;
}

static long run(char **arg)
{
	if (!strcmp(arg[1], "dump"))
		return dump();
	if (!strcmp(arg[1], "trip"))
		return trip(atol(arg[4]));
	if (!strcmp(arg[1], "install"))
		return install(atol(arg[4]), atol(arg[5]), atol(arg[6]));
	return drain(atol(arg[4]));
}

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int main(int argc, char **argv)
{
	char line[32];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4)
		return 2;
	int draining = !strcmp(argv[1], "drain");
	if (!draining) {
		open_socket(atoi(argv[2]));
		parse(argv[3]);
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "prepare\n")) {
			if (draining)
				subscribe(atoi(argv[2]), atoi(argv[3]));
			puts("ok");
			continue;
		}
		int64_t cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
		int64_t start = nanoseconds(CLOCK_MONOTONIC);
		long items = run(argv);
		long long wall = nanoseconds(CLOCK_MONOTONIC) - start;
		printf("ok %lld %lld %ld 0 0 0\n", wall, (long long)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu), items);
	}
	return 0;
}
