// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/asio.hpp"

namespace kmodtest::vm {

/// Reaps the QEMUs that libvirt daemonizes and the guards of its probes (probe_guard.hpp), of which this process
/// becomes the parent (PR_SET_CHILD_SUBREAPER).
///
/// Other children are not touched: a child in our session is waited for by the code that started it.
class ChildReaper {
 public:
  explicit ChildReaper(base::asio::io_context &io);

 private:
  void arm();

  base::asio::signal_set child_ended_;
};

/// Reaps every zombie child that is a QEMU, its wrapper or a guard in another session than ours; returns their number.
int reap_daemonized_qemus();

}  // namespace kmodtest::vm
