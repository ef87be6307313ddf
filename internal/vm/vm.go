//go:build linux

package vm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nlgen/nlgen/internal/vm/proto"
)

// Config says what a guest is made of. The zero value is a guest with busybox.
type Config struct {
	// Modules are loaded in this order, each after those it depends on. Each is the
	// name of a module of the kernel, or a file if it has a slash in it; parameters
	// may follow after spaces.
	Modules []string
	// Tools are commands of the host that the guest is to have, with their
	// libraries.
	Tools []string
	// Files are files of the host that the guest is to have, by their path in the
	// guest. They are executable there.
	Files map[string]string
	// Shares are folders of the host that the guest is to see.
	Shares []Share
	// Cmdline is added to the kernel's command line.
	Cmdline []string
	// CPUs is the number of processors; 0 means 2.
	CPUs int
	// Memory is the size of the memory in MiB; 0 means 1024.
	Memory int
	// BootTimeout is how long the start may take; 0 means two minutes. Waiting for
	// another guest of this user to end is not part of it.
	BootTimeout time.Duration
	// CommandTimeout is how long each command may take; 0 means three minutes.
	CommandTimeout time.Duration
}

// A Share is a folder of the host that a guest sees over 9p.
type Share struct {
	Host     string
	Guest    string
	Writable bool
}

// A Cmd is a command to run in a guest.
type Cmd struct {
	Args []string
	// Env is added to the environment, each as "name=value".
	Env []string
	Dir string
	// Stdin is all of the standard input.
	Stdin []byte
	// Stdout and Stderr get output as it comes, besides the result; they may be
	// nil.
	Stdout, Stderr io.Writer
}

// A Result is what a command did.
type Result struct {
	Stdout, Stderr []byte
	Status         int
	// Log has the kernel's messages since the previous command.
	Log []string
}

// A Guest is a running virtual machine. Its methods may be called from any
// goroutine; one command runs at a time.
type Guest struct {
	kernel  *kernel
	dir     string // of the host, with the socket and the console
	lock    *os.File
	qemu    *exec.Cmd
	stderr  bytes.Buffer
	exited  chan struct{} // closed when QEMU has ended
	conn    net.Conn
	enc     *gob.Encoder
	replies chan proto.Reply // closed when the guest is gone
	limit   time.Duration    // of a command
	grace   time.Duration    // see killGrace; none while the guest boots

	mu     sync.Mutex // held while a command runs
	loaded map[string]bool
	seen   int   // length of the console when the last command ended
	err    error // why the guest is of no more use
}

// killGrace is how long a guest may take to report that a command was killed.
const killGrace = 10 * time.Second

// Boot starts a guest and loads its modules. There is one guest of a user at a
// time: Boot waits for others to end, as long as ctx allows. The error is
// ErrMissing if the machine lacks something.
func Boot(ctx context.Context, cfg Config) (*Guest, error) {
	k, err := findKernel()
	if err != nil {
		return nil, err
	}
	g := &Guest{
		kernel:  k,
		exited:  make(chan struct{}),
		replies: make(chan proto.Reply),
		limit:   cmp.Or(cfg.CommandTimeout, 3*time.Minute),
		loaded:  make(map[string]bool),
	}
	if g.lock, err = lock(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(cfg.BootTimeout, 2*time.Minute))
	defer cancel()
	err = g.boot(ctx, cfg)
	if err == nil {
		return g, nil
	}
	g.kill()
	if ctx.Err() != nil && !errors.As(err, new(*TimeoutError)) {
		err = &TimeoutError{What: "boot", Err: errors.Join(ctx.Err(), err)}
	}
	return nil, err
}

// lock waits until no other guest of the user runs.
func lock(ctx context.Context) (*os.File, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(cache, "vm.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return f, err
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, &TimeoutError{What: "waiting for another guest to end", Err: ctx.Err()}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (g *Guest) boot(ctx context.Context, cfg Config) error {
	var err error
	if g.dir, err = os.MkdirTemp("", "vm"); err != nil {
		return err
	}
	drivers := []string{"virtio_pci", "virtio_console"}
	if cfg.Shares != nil {
		drivers = append(drivers, "9p", "9pnet_virtio")
	}
	modules, err := g.kernel.resolve(drivers, g.loaded)
	if err != nil {
		return err
	}
	if err := g.writeInitramfs(ctx, &cfg, modules); err != nil {
		return err
	}
	if modules, err = g.kernel.resolve(cfg.Modules, g.loaded); err != nil {
		return err
	}
	if err := g.start(ctx, &cfg); err != nil {
		return err
	}
	if _, err := g.answer(ctx, Cmd{Args: []string{"boot"}}); err != nil {
		return err
	}
	g.grace = killGrace
	for i, s := range cfg.Shares {
		if err := g.mount(ctx, i, s); err != nil {
			return err
		}
	}
	return g.load(ctx, modules)
}

// writeInitramfs builds the agent and makes the guest's file system.
func (g *Guest) writeInitramfs(ctx context.Context, cfg *Config, modules []module) error {
	agent := filepath.Join(g.dir, "agent")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", agent, "github.com/nlgen/nlgen/internal/vm/agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the agent: %w\n%s", err, out)
	}
	image, err := os.ReadFile(agent)
	if err != nil {
		return err
	}
	f, err := os.Create(g.path("initramfs"))
	if err != nil {
		return err
	}
	defer f.Close()
	return writeInitramfs(f, cfg, image, modules)
}

func (g *Guest) path(name string) string { return filepath.Join(g.dir, name) }

// start runs QEMU and waits until it has connected the port of the agent.
func (g *Guest) start(ctx context.Context, cfg *Config) error {
	listener, err := net.Listen("unix", g.path("port"))
	if err != nil {
		return err
	}
	defer listener.Close()
	g.qemu = exec.Command("qemu-system-x86_64", g.arguments(cfg)...)
	g.qemu.Stderr = &g.stderr
	// A guest must not outlive a test that is killed.
	g.qemu.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := startLocked(g.qemu, g.exited); err != nil {
		g.qemu = nil
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%w: %w", err, ErrMissing)
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	go func() {
		<-g.exited
		listener.Close()
	}()
	if g.conn, err = listener.Accept(); err != nil {
		return g.gone(ctx, "boot")
	}
	g.enc = gob.NewEncoder(g.conn)
	go g.receive()
	return nil
}

// startLocked starts a command and closes exited when it ends. The thread that
// starts it must live as long, or the kernel takes the parent for dead.
func startLocked(cmd *exec.Cmd, exited chan struct{}) error {
	started := make(chan error)
	go func() {
		// The goroutine ends with its thread locked: nothing else uses it.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the console tells more
			close(exited)
		}
	}()
	return <-started
}

// arguments returns those of QEMU.
func (g *Guest) arguments(cfg *Config) []string {
	cmdline := append([]string{
		"console=ttyS0",
		"loglevel=5", // the console is slow, and there for a panic
		"log_buf_len=4M",
		"panic=-1",
		"oops=panic", // else a thread that is gone leaves its process waiting for it
		"mitigations=off",
		// A busy host is not a fault of the guest.
		"nowatchdog", "rcupdate.rcu_cpu_stall_suppress=1", "clocksource=tsc", "tsc=reliable",
	}, cfg.Cmdline...)
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		// One thread runs the CPUs in turn. With a thread for each, QEMU 7.2 is no faster,
		// and a CPU may run into an int3 that the kernel has taken back already when it
		// patched its code: an oops at boot, once in some hundred.
		"-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "max",
		"-smp", strconv.Itoa(cmp.Or(cfg.CPUs, 2)),
		"-m", strconv.Itoa(cmp.Or(cfg.Memory, 1024)),
		"-kernel", g.kernel.image(),
		"-initrd", g.path("initramfs"),
		"-append", strings.Join(cmdline, " "),
		"-serial", "file:" + g.path("console"),
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=port,path=" + g.path("port"),
		"-device", "virtserialport,nr=1,chardev=port",
	}
	for i, s := range cfg.Shares {
		readonly := "on"
		if s.Writable {
			readonly = "off"
		}
		args = append(args, "-virtfs", fmt.Sprintf("local,path=%s,mount_tag=share%d,security_model=none,readonly=%s",
			strings.ReplaceAll(s.Host, ",", ",,"), i, readonly))
	}
	return args
}

func (g *Guest) mount(ctx context.Context, i int, s Share) error {
	_, err := g.Run(ctx, proto.Agent, "mount", "share"+strconv.Itoa(i), s.Guest, "trans=virtio,version=9p2000.L,msize=512000")
	return err
}

// receive passes on the replies until the guest is gone.
func (g *Guest) receive() {
	defer close(g.replies)
	dec := gob.NewDecoder(g.conn)
	for {
		var rep proto.Reply
		if err := dec.Decode(&rep); err != nil {
			return
		}
		g.replies <- rep
	}
}

// Run runs a command and waits for it to end; see RunCmd.
func (g *Guest) Run(ctx context.Context, args ...string) (*Result, error) {
	return g.RunCmd(ctx, Cmd{Args: args})
}

// RunCmd runs a command and waits for it to end. When ctx ends the command is
// killed. The result is there even with an error, as far as it is known. The error
// may join several: an ExitError or a TimeoutError with a KernelError.
func (g *Guest) RunCmd(ctx context.Context, cmd Cmd) (*Result, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, g.limit)
	defer cancel()
	if err := g.request(ctx, proto.Request{Exec: &proto.Exec{Args: cmd.Args, Env: cmd.Env, Dir: cmd.Dir, Stdin: cmd.Stdin}}); err != nil {
		return new(Result), err
	}
	return g.answer(ctx, cmd)
}

func (g *Guest) request(ctx context.Context, req proto.Request) error {
	if g.err != nil {
		return g.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// A guest that reads no more must not hold up the harness.
	stop := context.AfterFunc(ctx, func() { g.conn.SetWriteDeadline(time.Now()) })
	defer stop()
	if err := g.enc.Encode(req); err != nil {
		return g.gone(ctx, "sending a request")
	}
	return nil
}

// answer collects the replies to a request.
func (g *Guest) answer(ctx context.Context, cmd Cmd) (*Result, error) {
	res, late := new(Result), error(nil)
	done := ctx.Done()
	var patience <-chan time.Time
	for {
		select {
		case <-done:
			done, patience = nil, time.After(g.grace)
			late = &TimeoutError{What: fmt.Sprintf("%q", cmd.Args), Err: ctx.Err()}
			g.conn.SetWriteDeadline(time.Now().Add(g.grace))
			if err := g.enc.Encode(proto.Request{Cancel: true}); err != nil {
				return res, g.gone(ctx, cmd.Args[0])
			}
			g.conn.SetWriteDeadline(time.Time{})
		case <-patience:
			return res, g.gone(ctx, fmt.Sprintf("%q", cmd.Args))
		case rep, ok := <-g.replies:
			if !ok {
				return res, g.gone(ctx, fmt.Sprintf("%q", cmd.Args))
			}
			res.add(&rep, &cmd)
			if rep.Done {
				g.seen = len(g.console())
				return res, errors.Join(checkLog(rep.Log), cmp.Or(late, res.check(&rep, &cmd)))
			}
		}
	}
}

// add takes in a reply.
func (r *Result) add(rep *proto.Reply, cmd *Cmd) {
	r.Stdout = append(r.Stdout, rep.Stdout...)
	r.Stderr = append(r.Stderr, rep.Stderr...)
	if cmd.Stdout != nil {
		_, _ = cmd.Stdout.Write(rep.Stdout)
	}
	if cmd.Stderr != nil {
		_, _ = cmd.Stderr.Write(rep.Stderr)
	}
	r.Status, r.Log = rep.Status, rep.Log
}

// check returns the error of a command that has ended.
func (r *Result) check(rep *proto.Reply, cmd *Cmd) error {
	switch {
	case rep.Err != "":
		return fmt.Errorf("%q: %s", cmd.Args, rep.Err)
	case rep.Status != 0:
		return &ExitError{Args: cmd.Args, Status: rep.Status, Stderr: r.Stderr}
	}
	return nil
}

// gone ends a guest that does not answer any more, and says why it does not.
func (g *Guest) gone(ctx context.Context, what string) error {
	select {
	case <-g.exited:
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
	}
	select {
	case <-g.exited:
		console := g.console()
		g.kill()
		g.err = panicError(append(console[g.seen:], g.stderr.Bytes()...))
	default:
		g.kill()
		g.err = &TimeoutError{What: what, Hung: true, Err: cmp.Or(ctx.Err(), context.DeadlineExceeded)}
	}
	return g.err
}

// console returns what the kernel wrote to its console.
func (g *Guest) console() []byte {
	b, _ := os.ReadFile(g.path("console")) // of a guest that has not come so far there is none
	return b
}

// kill ends QEMU and removes what belongs to the guest.
func (g *Guest) kill() {
	if g.qemu != nil {
		_ = g.qemu.Process.Kill()
		<-g.exited
	}
	if g.conn != nil {
		g.conn.Close()
		for range g.replies { // lets receive end
		}
	}
	os.RemoveAll(g.dir)
	g.lock.Close()
}

// Load loads modules, each after those it depends on and are not loaded; see
// Config.Modules. What does not load is a *ModuleError.
func (g *Guest) Load(ctx context.Context, modules ...string) error {
	g.mu.Lock()
	list, err := g.kernel.resolve(modules, g.loaded)
	g.mu.Unlock()
	if err != nil {
		return err
	}
	return g.load(ctx, list)
}

func (g *Guest) load(ctx context.Context, list []module) error {
	for i, m := range list {
		_, err := g.RunCmd(ctx, Cmd{Args: []string{proto.Agent, "load", m.params}, Stdin: m.image})
		if err := moduleError("load", m.name, err); err != nil {
			g.forget(list[i:]...)
			return err
		}
	}
	return nil
}

// Unload removes a module. Those it depends on stay.
func (g *Guest) Unload(ctx context.Context, name string) error {
	_, err := g.Run(ctx, proto.Agent, "unload", name)
	if err := moduleError("unload", name, err); err != nil {
		return err
	}
	g.forget(module{name: name})
	return nil
}

// forget takes note that modules are not loaded.
func (g *Guest) forget(modules ...module) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range modules {
		delete(g.loaded, m.name)
	}
}

// Put makes an executable file in the guest.
func (g *Guest) Put(ctx context.Context, path string, data []byte) error {
	_, err := g.RunCmd(ctx, Cmd{Args: []string{proto.Agent, "put", path}, Stdin: data})
	return err
}

// failed says whether the guest is of no more use.
func (g *Guest) failed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err != nil
}

// Release returns the release of the kernel, as uname -r prints it.
func (g *Guest) Release() string { return g.kernel.release }

// Shutdown ends the guest. The error is a *KernelError if the kernel reported a
// problem since the last command. Of a guest that is gone it returns nil.
func (g *Guest) Shutdown() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), killGrace)
	defer cancel()
	if err := g.request(ctx, proto.Request{Restart: true}); err != nil {
		return err
	}
	_, err := g.answer(ctx, Cmd{Args: []string{"shutdown"}})
	if g.err != nil {
		return err
	}
	select {
	case <-g.exited:
	case <-ctx.Done():
	}
	g.kill()
	g.err = errors.New("the guest was shut down")
	return err
}
