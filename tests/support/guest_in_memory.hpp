// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "vm/guest.hpp"

namespace kmodtest::support {

/// A guest's memory by the addresses of its kernel, filled by hand.
class GuestInMemory : public vm::Inspector {
 public:
  std::vector<vm::CpuRegisters> cpus;

  std::vector<vm::CpuRegisters> registers() override { return cpus; }
  std::uint32_t timer() override { return 0; }
  std::vector<vm::MemoryWord> changed_pointers(const std::vector<vm::MemoryRange> &) override { return {}; }
  std::vector<std::string> pieces(const std::vector<vm::MemoryRange> &) override { return {}; }
  std::string memory(std::uint64_t address, std::size_t size) override {
    const auto page = pages_.find(address);
    if (page == pages_.end() || size != page->second.size()) throw base::Error(base::Code::defect, "not mapped");
    return page->second;
  }
  void put(std::uint64_t address, std::string_view bytes) {
    for (const char byte : bytes) {
      std::string &page = pages_.try_emplace(address / kPage * kPage, std::string(kPage, '\0')).first->second;
      page[address++ % kPage] = byte;
    }
  }
  template <class Value>
  void put_value(std::uint64_t address, Value value) {
    put(address, std::string_view(reinterpret_cast<const char *>(&value), sizeof value));
  }

 private:
  static constexpr std::size_t kPage = 4096;
  std::map<std::uint64_t, std::string> pages_;
};

}  // namespace kmodtest::support
