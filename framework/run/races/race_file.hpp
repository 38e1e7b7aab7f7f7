// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/kernel.hpp"
#include "kernel/modules/module_info.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "run/mapped_file.hpp"
#include "wire/race_memory.hpp"

namespace kmodtest::run {

/// What the library in QEMU found in a case.
struct RacesFound {
  wire::RaceWay way = wire::RaceWay::meet;
  std::vector<wire::RaceSeen> races;
  std::vector<std::uint64_t> entries;  ///< addresses at which init functions can begin
  std::uint64_t left_out = 0;          ///< races for which there was no room
  std::vector<wire::RaceThread> threads;
  std::vector<wire::RaceEvent> events;
  std::uint64_t unnoted = 0;  ///< events for which there was no room
};

/// The controller's end of the file through which QEMU reports races (wire/race_memory.hpp).
class RaceFile {
 public:
  /// Maps the file. Throws base::Error if QEMU does not look for races.
  explicit RaceFile(const std::filesystem::path &file);

  /// Writes the request for the next case, while the guest is paused.
  void write(const wire::RaceRequest &request);

  /// Returns what was found since write().
  RacesFound read() const;

 private:
  wire::RaceArea &area() const { return *static_cast<wire::RaceArea *>(mapped_.memory()); }

  MappedFile mapped_;
};

/// Returns the request for a case without its seed. `names`: of the kernel; null: threads have no names.
wire::RaceRequest race_request(const kernel::Kernel &kernel, const kernel::KernelImage *names,
                               const std::vector<kernel::ModuleInfo> &modules);

}  // namespace kmodtest::run
