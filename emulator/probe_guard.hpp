// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

/// Ends the QEMU of libvirt's probe with the controller. Part of the wrapper kmodtest-qemu, which is static and small:
/// plain system calls only.
namespace kmodtest::vm {

/// The controller that a path below its root names (…/PID-STARTTIME/…, as RunRoot makes it); 0 when none does.
pid_t controller_in(const char *path);

/// To be called by a process that will become a daemonizing QEMU, before its exec. Leaves a process behind that kills
/// the daemon when `controller` ends, and ends with the daemon: PR_SET_PDEATHSIG does not survive the fork by which
/// QEMU becomes a daemon. That process holds nothing that it would inherit, since libvirt waits for the end of pipes,
/// and is named kmodtest-qemu, so that ChildReaper takes it. The daemon is whoever holds the lock on `pidfile` once the
/// caller has ended.
///
/// False when the controller is not the caller's parent: then it has died already. Where the kernel or its limits allow
/// no guard (Linux before 5.3), there is none.
bool guard_daemon(pid_t controller, const char *pidfile);

}  // namespace kmodtest::vm
