// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/console_tail.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "text/replace.hpp"

namespace kmodtest::vm {

std::string console_tail(const std::filesystem::path &file, std::size_t bytes, std::uintmax_t start) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const auto size = static_cast<std::size_t>(in.tellg());
  if (size <= start) return {};
  const std::size_t from = std::max<std::size_t>(start, size > bytes ? size - bytes : 0);
  in.seekg(static_cast<std::streamoff>(from));
  std::string tail(size - from, '\0');
  in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  tail.resize(static_cast<std::size_t>(in.gcount()));
  if (from > start) tail.erase(0, tail.find('\n') + 1);
  return tail;
}

bool shows_panic(std::string_view console) {
  return text::contains(console, "Kernel panic - not syncing");  // kernel: kernel/panic.c
}

bool ended_in_panic(const std::filesystem::path &console, std::uintmax_t start) {
  constexpr std::size_t kPanicBytes = 8192;  // a panic's text with its trace
  return shows_panic(console_tail(console, kPanicBytes, start));
}

}  // namespace kmodtest::vm
