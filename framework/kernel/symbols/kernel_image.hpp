// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/symbols/kallsyms.hpp"
#include "kernel/symbols/struct_layouts.hpp"

namespace kmodtest::kernel {

/// The contents of an uncompressed kernel that need no debug package: the names of its functions and the layout of its
/// structs.
class KernelImage {
 public:
  struct Code {
    std::uint64_t address;
    std::string bytes;
  };

  KernelImage(SymbolTable symbols, StructLayouts layouts, std::vector<Code> code);
  /// Throws base::Error if the file cannot be read. A file that is not ELF (a bzImage) gives an empty object.
  explicit KernelImage(const std::filesystem::path &vmlinux);

  const SymbolTable &symbols() const { return symbols_; }
  const StructLayouts &layouts() const { return layouts_; }
  /// Returns bytes of the code as the file has them; empty outside of it. The running kernel has patched some of them.
  std::string_view code_at(std::uint64_t address, std::size_t size) const;

 private:
  struct Section {
    std::uint64_t address;
    std::string_view bytes;
  };

  std::shared_ptr<const void> owner_;  ///< of the bytes of `code_`: the mapped file, unless they were given
  SymbolTable symbols_;
  StructLayouts layouts_;
  std::vector<Section> code_;
};

/// A KernelImage that is read once, when it is first needed: reading takes a while, and few cases need it.
class LazyKernelImage {
 public:
  explicit LazyKernelImage(std::filesystem::path vmlinux) : vmlinux_(std::move(vmlinux)) {}
  /// Reads the image on the first call. Several threads may call it. Throws base::Error if the file cannot be read.
  const KernelImage &get();
  /// Returns the image as get() does; null if it cannot be read.
  const KernelImage *get_if_readable();

 private:
  std::filesystem::path vmlinux_;
  std::mutex mutex_;
  std::optional<KernelImage> image_;
};

}  // namespace kmodtest::kernel
