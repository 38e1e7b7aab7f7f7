// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/schedule_file.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <utility>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace kmodtest::run {
namespace {

[[noreturn]] void cannot_carry_out() {
  throw base::Error(base::Code::no_schedules, "this QEMU cannot carry out a schedule",
                    "kmodtest doctor shows what QEMU lacks; the guest's log has more");
}

}  // namespace

ScheduleFile::ScheduleFile(const std::filesystem::path &file) {
  const base::Descriptor opened(file.empty() ? -1 : ::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!opened) cannot_carry_out();
  void *mapped = ::mmap(nullptr, wire::kScheduleBytes, PROT_READ | PROT_WRITE, MAP_SHARED, opened.get(), 0);
  if (mapped == MAP_FAILED) cannot_carry_out();
  area_ = static_cast<wire::ScheduleArea *>(mapped);
  if (area_->engine == wire::ScheduleArea::kMagic) return;
  ::munmap(area_, wire::kScheduleBytes);
  cannot_carry_out();
}

ScheduleFile::~ScheduleFile() {
  ::munmap(area_, wire::kScheduleBytes);
}

void ScheduleFile::write(const std::vector<wire::SchedulePoint> &points, bool observes) {
  // The trace is as long as `traced` says, so it need not be cleared.
  std::memset(&area_->observes, 0, offsetof(wire::ScheduleArea, trace) - offsetof(wire::ScheduleArea, observes));
  area_->observes = observes ? 1 : 0;
  area_->points = static_cast<std::uint32_t>(std::min(points.size(), wire::kMostPoints));
  std::copy_n(points.begin(), area_->points, area_->point.begin());
}

observe::ScheduleSeen ScheduleFile::read() const {
  observe::ScheduleSeen seen;
  if (area_->begun == 0) return seen;
  const auto first = [](const auto &array, std::size_t count) {
    return std::vector(array.begin(), array.begin() + static_cast<std::ptrdiff_t>(std::min(count, array.size())));
  };
  seen.instructions = area_->instructions;
  seen.switches = area_->switches;
  seen.interleaving = area_->interleaving;
  seen.points = first(area_->seen, area_->points);
  seen.threads = first(area_->thread, area_->threads);
  seen.trace = first(area_->trace, area_->traced);
  std::copy_if(area_->code.begin(), area_->code.end(), std::back_inserter(seen.code),
               [](const wire::CodeSeen &code) { return code.times > 0; });
  std::sort(seen.code.begin(), seen.code.end(),
            [](const wire::CodeSeen &left, const wire::CodeSeen &right) { return left.order < right.order; });
  return seen;
}

}  // namespace kmodtest::run
