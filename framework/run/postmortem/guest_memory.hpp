// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "vm/guest.hpp"

namespace kmodtest::run {

/// The memory of a guest's kernel, read page by page, each once: the guest must be paused.
class GuestMemory {
 public:
  explicit GuestMemory(vm::Inspector &guest) : guest_(guest) {}

  /// Returns nothing if the guest has no memory there.
  std::optional<std::string> bytes(std::uint64_t address, std::size_t size);
  std::optional<std::uint64_t> word(std::uint64_t address) { return number<std::uint64_t>(address); }
  std::optional<std::uint32_t> half(std::uint64_t address) { return number<std::uint32_t>(address); }
  /// Returns the text up to a NUL, at most `most` bytes.
  std::string text(std::uint64_t address, std::size_t most);

 private:
  const std::string *page(std::uint64_t address);
  template <class Number>
  std::optional<Number> number(std::uint64_t address) {
    const auto content = bytes(address, sizeof(Number));
    if (!content) return std::nullopt;
    Number value{};
    std::memcpy(&value, content->data(), sizeof value);
    return value;
  }

  vm::Inspector &guest_;
  std::map<std::uint64_t, std::string> pages_;  // empty: not mapped
};

}  // namespace kmodtest::run
