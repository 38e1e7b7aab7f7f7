// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/coverage/coverage_file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::run {
namespace {

/// A file, mapped as long as this lives.
class Mapped {
 public:
  explicit Mapped(const std::filesystem::path &file) {
    const base::Descriptor opened(file.empty() ? -1 : ::open(file.c_str(), O_RDWR | O_CLOEXEC));
    struct ::stat status = {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return;
    const auto size = static_cast<std::size_t>(status.st_size);
    void *memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, opened.get(), 0);
    if (memory == MAP_FAILED) return;
    memory_ = memory;
    size_ = size;
  }
  ~Mapped() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
  }
  Mapped(const Mapped &) = delete;
  Mapped &operator=(const Mapped &) = delete;

  void *memory() const { return memory_; }
  std::size_t size() const { return size_; }

 private:
  void *memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

CodeCounts read_code_counts(const std::filesystem::path &file) {
  const Mapped mapped(file);
  const auto *area = static_cast<const wire::CoverageArea *>(mapped.memory());
  if (mapped.size() < wire::kCoverageBytes || area->engine != wire::CoverageArea::kMagic)
    throw base::Error(base::Code::no_coverage, "this QEMU cannot measure coverage",
                      "kmodtest doctor shows what QEMU lacks; the guest's log has more");
  const std::size_t used = std::min<std::uint64_t>(area->used, area->count.size());
  return {.counts = {area->count.begin(), area->count.begin() + static_cast<std::ptrdiff_t>(used)},
          .left_out = area->left_out};
}

std::string read_report_bytes(const std::filesystem::path &shared_memory) {
  const Mapped mapped(shared_memory);
  if (mapped.size() < wire::kSharedMemoryBytes) return {};
  return std::string(wire::SharedMemory(mapped.memory(), mapped.size()).reports());
}

}  // namespace kmodtest::run
