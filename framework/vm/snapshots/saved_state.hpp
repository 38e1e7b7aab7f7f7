// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "base/error.hpp"

namespace kmodtest::vm {

/// The files that hold a guest's state.
struct StateFiles {
  std::filesystem::path state;   ///< a qcow2 image with QEMU's own state of the machine
  std::filesystem::path memory;  ///< the guest's memory as it is, pages of zeros as holes; empty: it is part of `state`
};

/// The kept state of a guest: files that are never written to. They do not change while this object lives, even if
/// their store removes them. The calls block.
class SavedState {
 public:
  virtual ~SavedState() = default;
  /// Returns a descriptor of the image that is open for reading.
  virtual int descriptor() const = 0;
  /// Returns a descriptor of the memory's file that is open for reading; -1: the memory is part of the image.
  virtual int memory_descriptor() const = 0;
  /// Reads all files; returns false if one differs from what was saved.
  virtual bool is_sound() = 0;
  /// Copies it into new files of mode 0600; returns false, and leaves no file, if it differs from what was saved.
  /// `to.memory` is not used if the memory is part of the image. Throws base::Error if a copy cannot be written.
  virtual bool copy_to(const StateFiles &to) = 0;
};

/// Thrown if a saved state differs from what was saved. The store has reported it.
class UnsoundState : public base::Error {
 public:
  UnsoundState() : base::Error(base::Code::snapshot_unreadable, "the guest's saved state is damaged") {}
};

}  // namespace kmodtest::vm
