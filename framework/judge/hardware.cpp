// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/hardware.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace kmodtest::judge {
namespace {

/// Returned by an init function of the kernel's own drivers whose device or CPU feature is not there.
constexpr int kNotThere[] = {ENODEV, ENXIO, EOPNOTSUPP};

}  // namespace

std::optional<std::string> lacking_hardware(const CaseView &view) {
  const wire::ProgramEnded *ended = view.program_ended;
  if (ended == nullptr || view.seen.ending.kind != Ending::Kind::completed) return std::nullopt;
  const bool lacks =
      std::find(std::begin(kNotThere), std::end(kNotThere), ended->prerequisite_error) != std::end(kNotThere);
  if (!lacks) return std::nullopt;
  return "the guest lacks the hardware: " + ended->error;
}

}  // namespace kmodtest::judge
