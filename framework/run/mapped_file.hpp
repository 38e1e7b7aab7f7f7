// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/descriptor.hpp"

namespace kmodtest::run {

/// A file that QEMU writes to, mapped as long as this lives.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path &file) {
    const base::Descriptor opened(file.empty() ? -1 : ::open(file.c_str(), O_RDWR | O_CLOEXEC));
    struct ::stat status = {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return;
    const auto size = static_cast<std::size_t>(status.st_size);
    void *memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, opened.get(), 0);
    if (memory == MAP_FAILED) return;
    memory_ = memory;
    size_ = size;
  }
  ~MappedFile() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
  }
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  /// Returns nullptr if the file could not be mapped.
  void *memory() const { return memory_; }
  std::size_t size() const { return size_; }

 private:
  void *memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace kmodtest::run
