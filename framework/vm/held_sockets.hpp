// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "base/descriptor.hpp"

namespace kmodtest::vm {

/// Keeps copies of a process's sockets open, so that its peers see no end of file before this object is gone.
///
/// libvirt looks for a QEMU whose monitor has closed by kill(2). A process that is ending has closed its sockets, but
/// still exists, and libvirt looks again only 200 ms later. With this object, the end of file comes after the end of
/// the process. Source: libvirt, src/util/virprocess.c (virProcessKillPainfullyDelay); pidfd_getfd(2).
class HeldSockets {
 public:
  /// Copies nothing if the process does not exist, or if this one has no permission to look into it.
  explicit HeldSockets(int pid);

  std::size_t size() const { return copies_.size(); }

 private:
  std::vector<base::Descriptor> copies_;
};

}  // namespace kmodtest::vm
