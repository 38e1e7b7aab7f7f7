// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace kmodtest::base {

/// Owns a file descriptor; -1: none.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor &&other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() { close(); }

  explicit operator bool() const { return value_ >= 0; }
  int get() const { return value_; }
  /// What close(2) returns: some file systems say only there that the disk is full.
  int close() { return value_ < 0 ? 0 : ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

/// Returns a descriptor that identifies this process even if its number is reused; none if the process does not exist.
/// Source: pidfd_open(2).
inline Descriptor open_process(int pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace kmodtest::base
