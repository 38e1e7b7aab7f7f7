// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "e2e/tool.hpp"

/// Moments in the life of a run, as they can be seen from outside, so that a test can interrupt or kill kmodtest at
/// each of them on a machine of any speed.
namespace kmodtest::e2e {

/// A running kmodtest, as a test that ends it at a phase knows it.
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

/// Waits until the phase is reached; returns false if the run ends before, or after a minute.
bool wait_for(const Phase &phase, const Running &run);

/// Waits until a signal that was sent to the process is no longer pending: it was received, or the process ended.
bool wait_until_taken(const Tool &tool, int signal);

/// The phases of any run, the earliest first.
namespace phase {

/// The process exists, whatever it does first.
Phase started();
/// The folder for its guests exists.
Phase has_its_folder();
/// A QEMU, or the wrapper that becomes one, exists.
Phase has_a_guest();
/// A case has reported that it does `what` ("preparing", "restoring", "pushing ", "step 2/").
Phase progress(const char *name, std::string what);
/// This many cases have finished; the next ones get their guests.
Phase finished(const char *name, std::size_t cases);

/// libvirt queries the capabilities of a QEMU that it does not know yet. That QEMU is a daemon.
Phase probe_wrapper();
Phase probe_runs();
Phase probe_has_its_pidfile();
Phase probe_listens();
Phase probe_is_known();
/// A QEMU that is not a probe.
Phase has_a_real_guest();

/// A new snapshot is being copied into the store.
Phase snapshot_begun();
Phase snapshot_half_copied();
Phase snapshot_has_its_manifest();
/// The store has the snapshot.
Phase snapshot_kept();

}  // namespace phase
}  // namespace kmodtest::e2e
