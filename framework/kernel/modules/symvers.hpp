// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>

namespace kmodtest::kernel {

struct Kernel;

/// A symbol that the kernel or one of its modules offers.
struct Export {
  std::uint32_t crc = 0;
  bool gpl_only = false;
  std::string symbol_namespace;
  std::string module;  ///< as lsmod prints it; empty for the kernel itself
};

using Exports = std::unordered_map<std::string, Export>;

/// Returns what a kernel exports (Module.symvers of its headers); null if that is not known. The file is read once.
std::shared_ptr<const Exports> exports_of(const Kernel &kernel);

}  // namespace kmodtest::kernel
