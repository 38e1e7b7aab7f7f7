// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/event_files.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace kmodtest::emulator {
namespace {

constexpr std::size_t kKnownFiles = 1024;

enum class FileKind : char { unknown, eventfd, other };
std::array<std::atomic<FileKind>, kKnownFiles> known{};

}  // namespace

bool is_eventfd(int file) {
  if (file < 0) return true;
  const auto at = static_cast<std::size_t>(file);
  if (at >= known.size()) return false;
  if (known[at] == FileKind::unknown) {
    std::array<char, 40> path{};
    std::array<char, 64> target{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", file);
    if (readlink(path.data(), target.data(), target.size() - 1) <= 0) return false;
    const bool is_one = std::strcmp(target.data(), "anon_inode:[eventfd]") == 0;
    known[at] = is_one ? FileKind::eventfd : FileKind::other;
  }
  return known[at] == FileKind::eventfd;
}

void forget_file(int file) {
  if (file >= 0 && static_cast<std::size_t>(file) < known.size()) {
    known[static_cast<std::size_t>(file)] = FileKind::unknown;
  }
}

}  // namespace kmodtest::emulator
