// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "e2e/tool.hpp"

/// Moments in the life of a run, as they can be seen from outside, so that a test can interrupt or kill kmodtest at
/// each of them on a machine of any speed.
namespace kmodtest::e2e {

/// What a test that ends a run at a phase knows of it.
struct Running {
  const Tool &tool;
  fs::path events;  ///< its --json file
  fs::path cache;   ///< its KMODTEST_CACHE; only for phases of a BorrowedCache
};

struct Phase {
  const char *name;  ///< also the name of the test
  std::function<bool(const Running &)> reached;
};

inline std::ostream &operator<<(std::ostream &out, const Phase &phase) {
  return out << phase.name;
}

/// Waits until the phase is reached; false if the run ends before, or after a minute.
bool wait_for(const Phase &phase, const Running &run);

/// Waits until a signal that was sent to the process is no longer pending: it was received, or the process ended.
bool wait_until_taken(const Tool &tool, int signal);

/// The phases of any run, the earliest first.
namespace phase {

/// The process was made; whatever it does first.
Phase started();
/// The folder for its guests is there.
Phase has_its_folder();
/// A QEMU, or the wrapper that becomes one, is there.
Phase has_a_guest();
/// A case reported that it does `what` ("preparing", "restoring", "pushing ", "step 2/").
Phase progress(const char *name, std::string what);
/// So many cases have finished; the next ones get their guests.
Phase finished(const char *name, std::size_t cases);

/// libvirt asks a QEMU that it does not know yet what it can do. That QEMU is a daemon.
Phase probe_wrapper();
Phase probe_runs();
Phase probe_has_its_pidfile();
Phase probe_listens();
Phase probe_is_known();
/// A QEMU that is no probe.
Phase has_a_real_guest();

/// A new snapshot is being copied into the store.
Phase snapshot_begun();
Phase snapshot_half_copied();
Phase snapshot_has_its_manifest();
/// The store has it.
Phase snapshot_kept();

}  // namespace phase
}  // namespace kmodtest::e2e
