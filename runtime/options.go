package runtime

import (
	"log/slog"
	"time"
)

// An Option changes how Dial sets up a Conn.
type Option func(*config)

type config struct {
	peer        Peer // nil: the kernel
	netns       namespace
	timeout     time.Duration
	readBuffer  int
	writeBuffer int
	lenient     bool
	everywhere  bool
	maxSockets  int
	dumpRetries int
	logger      *slog.Logger
	warn        func(Warning)
}

// namespace names a network namespace: by file descriptor if open, else by path
// unless empty, else it is that of the thread that calls Dial.
type namespace struct {
	open bool
	fd   int
	path string
}

const defaultDumpRetries = 10

// WithNetNS talks to the kernel in the network namespace of the file descriptor
// fd, which may be closed after Dial. The namespace of the caller's thread does
// not change. It needs CAP_SYS_ADMIN unless the caller is in that namespace.
func WithNetNS(fd int) Option {
	return func(c *config) { c.netns = namespace{open: true, fd: fd} }
}

// WithNetNSPath is WithNetNS for the namespace of a file, such as
// /proc/1234/ns/net.
func WithNetNSPath(path string) Option {
	return func(c *config) { c.netns = namespace{path: path} }
}

// WithNetNSName is WithNetNS for a namespace that "ip netns add" made.
func WithNetNSName(name string) Option { return WithNetNSPath("/var/run/netns/" + name) }

// WithTimeout bounds each wait for the kernel: a call that has waited for d
// fails with context.DeadlineExceeded, a dump if its next part takes that long.
// Without it, or if d is 0, only the context of a call bounds it.
func WithTimeout(d time.Duration) Option { return func(c *config) { c.timeout = d } }

// WithReceiveBuffer sets how many bytes the kernel keeps for a socket that does
// not read fast enough. With CAP_NET_ADMIN it may exceed the limit of the
// system (net.core.rmem_max). The default is the system's, 1 MiB for
// subscriptions.
func WithReceiveBuffer(bytes int) Option { return func(c *config) { c.readBuffer = bytes } }

// WithSendBuffer sets the size of the largest request that can be sent. With
// CAP_NET_ADMIN it may exceed the limit of the system (net.core.wmem_max).
func WithSendBuffer(bytes int) Option { return func(c *config) { c.writeBuffer = bytes } }

// WithStrict says whether the kernel checks dump requests strictly, which is the
// default: it rejects what it does not understand and applies filters. Without,
// it ignores most filters.
func WithStrict(strict bool) Option { return func(c *config) { c.lenient = !strict } }

// WithMaxSockets bounds the number of sockets, so the number of calls at a time;
// further calls wait. A dump has a socket until its stream ends, so a call in
// the middle of a stream needs a second one. 0, the default, is no bound.
func WithMaxSockets(n int) Option { return func(c *config) { c.maxSockets = n } }

// WithDumpRetries sets how many times All repeats a dump that the kernel could
// not do consistently. The default is 10.
func WithDumpRetries(n int) Option { return func(c *config) { c.dumpRetries = n } }

// WithLogger logs each message in both directions, at debug level and decoded by
// name, and the kernel's warnings at warning level. The environment variable
// NLGEN_DEBUG=1 prints the messages to the standard error, too.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.logger = l } }

// WithWarnings calls f with what the kernel has to say about requests that
// succeed. f may be called concurrently.
func WithWarnings(f func(Warning)) Option { return func(c *config) { c.warn = f } }

// WithAllNamespaces makes subscriptions get the events of all network namespaces
// that have an id in that of the Conn; Event.NSID tells which. It needs
// CAP_NET_BROADCAST. A watch gets those of its own namespace alone.
func WithAllNamespaces() Option { return func(c *config) { c.everywhere = true } }

// A Warning is a message of the kernel about a request that succeeded.
type Warning struct {
	Family  string // name of the family
	Op      string // name of the operation
	Message string // the kernel's text
}

// A CallOption changes a single call. Flags are CallOptions.
type CallOption interface{ apply(*callOptions) }

type callOptions struct {
	flags  uint16
	header *Header
	reuse  bool
	into   *Decoder
	result *error
	to     address
}

// WithHeader stores the netlink header of the reply in h; in a dump, that of each
// item before the stream yields it.
func WithHeader(h *Header) CallOption { return headerOption{h} }

type headerOption struct{ h *Header }

func (o headerOption) apply(c *callOptions) { c.header = o.h }

// Reuse makes a dump yield one message again and again, and a stream of events one
// of each type: each is valid until the loop asks for the next, with all that it
// refers to except strings. Then nothing is allocated for a message, however many
// there are. To keep one, copy what is needed of it. Lists of messages are not
// affected.
func Reuse() CallOption { return reuseOption{} }

type reuseOption struct{}

func (reuseOption) apply(c *callOptions) { c.reuse = true }

// Into makes Do decode the reply into storage of d, as DecodeInto does it: the reply is
// valid, with all that it refers to except strings, until d is used again. Calls at the
// same time need a Decoder each. Dumps and batches take no notice.
func Into(d *Decoder) CallOption { return intoOption{d} }

type intoOption struct{ d *Decoder }

func (o intoOption) apply(c *callOptions) { c.into = o.d }
