// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/held_sockets.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace kmodtest::vm {

namespace fs = std::filesystem;

HeldSockets::HeldSockets(int pid) {
  const base::Descriptor process = base::open_process(pid);
  if (!process) return;
  std::error_code error;
  for (fs::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (!fs::read_symlink(entry->path(), gone).string().starts_with("socket:")) continue;
    const int number = std::atoi(entry->path().filename().c_str());
    base::Descriptor copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    if (copy) copies_.push_back(std::move(copy));
  }
}

}  // namespace kmodtest::vm
