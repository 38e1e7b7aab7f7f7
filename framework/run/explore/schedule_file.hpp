// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

#include "observe/schedule_seen.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::run {

/// The controller's end of the file through which QEMU gets a schedule (wire/schedule_memory.hpp).
class ScheduleFile {
 public:
  /// Maps the file. Throws base::Error if QEMU does not carry out schedules.
  explicit ScheduleFile(const std::filesystem::path &file);
  ~ScheduleFile();
  ScheduleFile(const ScheduleFile &) = delete;
  ScheduleFile &operator=(const ScheduleFile &) = delete;

  /// Writes the request for the next case, while the guest is paused.
  void write(const std::vector<wire::SchedulePoint> &points, bool observes);

  /// Returns what happened since write().
  observe::ScheduleSeen read() const;

 private:
  wire::ScheduleArea *area_ = nullptr;
};

}  // namespace kmodtest::run
