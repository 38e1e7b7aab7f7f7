// SPDX-License-Identifier: GPL-2.0-or-later
#include "folder.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace kmodtest::guest {

std::optional<std::string> read_folder(int folder) {
  alignas(FolderEntry) static char piece[32u << 10];
  std::string records;
  if (::lseek(folder, 0, SEEK_SET) != 0) return std::nullopt;
  long got = 0;
  while ((got = ::syscall(SYS_getdents64, folder, piece, sizeof piece)) > 0)
    records.append(piece, static_cast<std::size_t>(got));
  if (got < 0) return std::nullopt;
  return records;
}

}  // namespace kmodtest::guest
