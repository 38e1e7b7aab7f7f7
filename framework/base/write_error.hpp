// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error_code.hpp"

/// Explains why a write failed. Each function takes an errno.
namespace kmodtest::base {

/// Returns whether a disk, a quota or a limit of file sizes is exhausted.
inline bool is_disk_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

inline Code code_of_write(int error) {
  return is_disk_full(error) ? Code::disk_full : Code::cannot_write;
}

/// Returns "the disk is full", or the C library's words.
inline std::string reason_of_write(int error) {
  return error == ENOSPC || error == EDQUOT ? "the disk is full" : std::strerror(error);
}

}  // namespace kmodtest::base
