// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "base/error.hpp"

namespace kmodtest::vm {

/// The state of a guest, as somebody keeps it: a qcow2 image that nobody writes to. It stays what it is while this
/// object lives, even when its keeper removes it. Its calls block.
class SavedState {
 public:
  virtual ~SavedState() = default;
  /// Open for reading.
  virtual int descriptor() const = 0;
  /// Reads all of it; false when it is not what was saved.
  virtual bool is_sound() = 0;
  /// Copies it into a new file of mode 0600; false, and no file, when it is not what was saved. Throws base::Error when
  /// the copy cannot be written.
  virtual bool copy_to(const std::filesystem::path &to) = 0;
};

/// A saved state is not what was saved. Its keeper has said so.
class UnsoundState : public base::Error {
 public:
  UnsoundState() : base::Error(base::Code::snapshot_unreadable, "the guest's saved state is damaged") {}
};

}  // namespace kmodtest::vm
