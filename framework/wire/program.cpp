// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/program.hpp"

#include <iterator>

namespace kmodtest::wire {

namespace {

struct StepKind {
  const char *name;
  bool action;
};

/// The kinds, in the order of StepBody's alternatives.
constexpr StepKind kStepKinds[] = {
    {"load", true},  {"unload", true}, {"dmesg", false}, {"ps", false},    {"lsmod", false}, {"file", false},
    {"write", true}, {"run", true},    {"cpu", true},    {"sleep", false}, {"repeat", true}, {"sched", false},
    {"wait", true},  {"ioctl", true},  {"mmap", true},   {"poll", false},
};
static_assert(std::size(kStepKinds) == std::variant_size_v<StepBody>);

}  // namespace

bool is_action(const StepBody &body) {
  return kStepKinds[body.index()].action;
}

const char *step_name(const StepBody &body) {
  return kStepKinds[body.index()].name;
}

}  // namespace kmodtest::wire
