// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "shared/condition.hpp"

namespace kmodtest::shared {
namespace {

std::string hex(char byte) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  return text;
}

}  // namespace

Evaluation evaluate(const wire::BytePattern &wanted, std::string_view bytes) {
  for (std::size_t i = 0; i < wanted.values.size(); ++i) {
    if (i >= wanted.known.size() || wanted.known[i] == 0) continue;
    if (i >= bytes.size()) return {Truth::violated, "byte " + std::to_string(i) + " is missing"};
    if (bytes[i] == wanted.values[i]) continue;
    return {Truth::violated, "byte " + std::to_string(i) + " is " + hex(bytes[i]) + ", not " + hex(wanted.values[i])};
  }
  return {Truth::held, ""};
}

}  // namespace kmodtest::shared
