// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/guest_memory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

constexpr std::uint64_t kPage = 4096;

}  // namespace

const std::string *GuestMemory::page(std::uint64_t address) {
  const std::uint64_t start = address / kPage * kPage;
  const auto known = pages_.find(start);
  if (known != pages_.end()) return known->second.empty() ? nullptr : &known->second;
  std::string content;
  // Asking QEMU for an address outside of the kernel would be useless.
  if (start >= wire::kKernelBegin) {
    try {
      content = guest_.memory(start, kPage);
    } catch (const base::Error &) {
      content.clear();
    }
  }
  std::string &kept = pages_[start] = std::move(content);
  return kept.empty() ? nullptr : &kept;
}

std::optional<std::string> GuestMemory::bytes(std::uint64_t address, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::uint64_t at = address + all.size();
    const std::string *content = page(at);
    if (content == nullptr) return std::nullopt;
    all += content->substr(at % kPage, size - all.size());
  }
  return all;
}

std::string GuestMemory::text(std::uint64_t address, std::size_t most) {
  std::string all;
  while (all.size() < most) {
    const std::uint64_t at = address + all.size();
    const std::string *content = page(at);
    if (content == nullptr) break;
    const std::string piece = content->substr(at % kPage, most - all.size());
    const std::size_t end = piece.find('\0');
    all += piece.substr(0, end);
    if (end != std::string::npos) break;
  }
  return all;
}

}  // namespace kmodtest::run
