// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "base/error.hpp"

namespace kmodtest::vm {

/// The kept state of a guest: a qcow2 image that is never written to. It does not change while this object lives, even
/// if its store removes it. The calls block.
class SavedState {
 public:
  virtual ~SavedState() = default;
  /// Returns a descriptor that is open for reading.
  virtual int descriptor() const = 0;
  /// Reads the whole file; returns false if it differs from what was saved.
  virtual bool is_sound() = 0;
  /// Copies it into a new file of mode 0600; returns false, and leaves no file, if it differs from what was saved.
  /// Throws base::Error if the copy cannot be written.
  virtual bool copy_to(const std::filesystem::path &to) = 0;
};

/// Thrown if a saved state differs from what was saved. The store has reported it.
class UnsoundState : public base::Error {
 public:
  UnsoundState() : base::Error(base::Code::snapshot_unreadable, "the guest's saved state is damaged") {}
};

}  // namespace kmodtest::vm
