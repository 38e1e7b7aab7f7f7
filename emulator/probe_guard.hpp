// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

/// Ends the QEMU of libvirt's probe together with the controller. This is a part of the wrapper kmodtest-qemu, which is
/// static and small: plain system calls only.
namespace kmodtest::vm {

/// Returns the controller in whose root a path is (…/PID-STARTTIME/…, as RunRoot makes it); 0 if there is none.
pid_t controller_in(const char *path);

/// Leaves a process behind that kills a daemonizing QEMU when `controller` ends, and that ends with the daemon. The
/// process that will become that QEMU calls it before its exec. PR_SET_PDEATHSIG is not enough: it does not survive the
/// fork by which QEMU becomes a daemon.
///
/// The guard closes everything it inherited, because libvirt waits for the end of pipes. It is named kmodtest-qemu, so
/// that ChildReaper reaps it. The daemon is the process that holds the lock on `pidfile` once the caller has ended.
///
/// Returns false if the controller is not the caller's parent: then it has died already. If the kernel or its limits do
/// not allow a guard (Linux before 5.3), there is none.
bool guard_daemon(pid_t controller, const char *pidfile);

}  // namespace kmodtest::vm
