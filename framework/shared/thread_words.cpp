// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/thread_words.hpp"

#include "wire/program.hpp"

namespace kmodtest::shared {

const char *state_name(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "uninterruptible";
    case 'I':
      return "idle";
    case 'P':
      return "parked";
    case 'T':
      return "stopped";
    case 't':
      return "traced";
    case 'Z':
      return "zombie";
    case 'X':
      return "dead";
    default:
      return "unknown";
  }
}

std::string policy_name(std::uint8_t policy) {
  for (const wire::SchedPolicy &one : wire::kSchedPolicies)
    if (one.number == policy) return one.name;
  return std::to_string(policy);
}

}  // namespace kmodtest::shared
