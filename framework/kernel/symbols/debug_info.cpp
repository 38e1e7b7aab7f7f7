// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/debug_info.hpp"

#include <fmt/format.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "kernel/kernel.hpp"

namespace kmodtest::kernel {
namespace {

/// Finds nothing: debug information is taken from the .ko alone, without searching the machine or the network.
int find_no_debug_file(Dwfl_Module *, void **, const char *, Dwarf_Addr, const char *, const char *, GElf_Word,
                       char **) {
  return -1;
}

const Dwfl_Callbacks kCallbacks = {nullptr, find_no_debug_file, dwfl_offline_section_address, nullptr};

/// Returns a descriptor of the .ko's content, uncompressed.
base::Descriptor content_of(const std::filesystem::path &ko) {
  const std::string bytes = read_module(ko);
  base::Descriptor memory(memfd_create("module", MFD_CLOEXEC));
  std::size_t written = 0;
  while (memory && written < bytes.size()) {
    const ssize_t count = ::write(memory.get(), bytes.data() + written, bytes.size() - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  if (!memory || written < bytes.size())
    throw base::Error(base::Code::out_of_memory, fmt::format("no memory for the symbols of {}", ko.string()),
                      "run fewer guests at once (-j 1)");
  return memory;
}

}  // namespace

DebugInfo::DebugInfo(const std::filesystem::path &ko) : dwfl_(dwfl_begin(&kCallbacks)) {
  const base::Descriptor memory = content_of(ko);
  const int own = ::dup(memory.get());  // owned by libdwfl, unless it fails
  if (dwfl_) module_ = dwfl_report_offline(dwfl_.get(), ko.filename().c_str(), ko.c_str(), own);
  if (module_ == nullptr) {
    ::close(own);
    throw base::Error(base::Code::no_symbols,
                      fmt::format("cannot read the symbols of {}: {}", ko.string(), dwfl_errmsg(-1)),
                      "build the module again");
  }
  dwfl_report_end(dwfl_.get(), nullptr, nullptr);
  Dwarf_Addr bias = 0;
  has_lines_ = dwfl_module_getdwarf(module_, &bias) != nullptr;
  elf_ = dwfl_module_getelf(module_, &bias);
}

}  // namespace kmodtest::kernel
