// Package vm boots Linux 6.12 in a virtual machine, so that tests may load kernel
// modules and use families that the kernel of the machine lacks.
//
// The kernel is Debian's, with its own modules; scripts/deps.sh vm fetches it.
// QEMU emulates the processor, so neither root nor KVM is needed. A guest has an
// agent as first process and runs command after command, so one boot serves many
// tests:
//
//	var guest = vm.Shared{Config: vm.Config{Modules: []string{"wireguard"}, Tools: []string{"wg"}}}
//
//	func TestMain(m *testing.M) { os.Exit(guest.Main(m)) }
//
//	func TestShow(t *testing.T) {
//		res, err := guest.Get(t).Run(t.Context(), "wg", "show")
//		…
//	}
//
// A command fails with an error of its own type for each cause: [ExitError],
// [KernelError], [PanicError], [TimeoutError], [ModuleError]. A kernel that warned
// is a failure even if the command succeeded.
//
// The package is for Linux alone; on other systems it is empty. It uses no other
// package of the project.
package vm
