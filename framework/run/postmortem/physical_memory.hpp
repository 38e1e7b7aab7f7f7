// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vm/guest.hpp"

namespace kmodtest::run {

/// The memory of a paused guest, read page by page, each once. Asking QEMU takes much longer than reading, so a reader
/// that knows what it will read asks for all of it at once.
class PhysicalMemory {
 public:
  static constexpr std::uint64_t kPage = 4096;

  explicit PhysicalMemory(vm::Inspector &guest) : guest_(guest) {}

  /// Reads the pages of these places.
  void fetch(const std::vector<vm::MemoryRange> &places);
  /// Returns nothing if the guest has no memory there.
  std::optional<std::string> bytes(std::uint64_t at, std::size_t size);
  std::optional<std::uint64_t> word(std::uint64_t at) { return number<std::uint64_t>(at); }
  std::optional<std::uint32_t> half(std::uint64_t at) { return number<std::uint32_t>(at); }
  /// Returns the text up to a NUL, at most `most` bytes.
  std::string text(std::uint64_t at, std::size_t most);

 private:
  const std::string &page(std::uint64_t at);
  template <class Number>
  std::optional<Number> number(std::uint64_t at) {
    const auto content = bytes(at, sizeof(Number));
    if (!content) return std::nullopt;
    Number value{};
    std::memcpy(&value, content->data(), sizeof value);
    return value;
  }

  vm::Inspector &guest_;
  std::map<std::uint64_t, std::string> pages_;  // empty: there is none
};

}  // namespace kmodtest::run
