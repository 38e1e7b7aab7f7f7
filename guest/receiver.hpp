// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "system.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {

/// Receives files in chunks, one at a time.
class FileReceiver {
 public:
  /// Takes a chunk; returns the answer after the last one.
  std::optional<wire::Pushed> take(const wire::Push &chunk);

 private:
  void begin(const std::string &path);

  std::string path_;
  base::Descriptor file_;
  std::uint64_t size_ = 0;
  std::uint32_t crc_ = 0;
  std::string error_;
};

}  // namespace kmodtest::guest
