// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/kinds.hpp"

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kmodtest::plan {
namespace {

template <class Variant>
struct Kinds;

template <class... Contents>
struct Kinds<std::variant<Contents...>> {
  static std::vector<StepKind> list() { return {kind_of(Contents{})...}; }
  static std::vector<StepContent> contents() { return {StepContent(Contents{})...}; }
  /// True if a plan can ask the agent for this step; a sched step asks for SendTrace.
  template <class Body>
  static constexpr bool kHas = (std::is_same_v<Contents, Body> || ...) || std::is_same_v<Body, wire::SendTrace>;
};

template <class Variant>
struct AllHave;

template <class... Bodies>
struct AllHave<std::variant<Bodies...>> {
  static constexpr bool kValue = (Kinds<StepContent>::kHas<Bodies> && ...);
};
static_assert(AllHave<wire::StepBody>::kValue, "a step of the agent is missing in StepContent");

}  // namespace

const std::vector<StepKind> &step_kinds() {
  static const std::vector<StepKind> kinds = Kinds<StepContent>::list();
  return kinds;
}

const StepKind *find_step_kind(std::string_view name) {
  for (const StepKind &kind : step_kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

StepContent content_of(const StepKind &kind) {
  return Kinds<StepContent>::contents()[static_cast<std::size_t>(&kind - step_kinds().data())];
}

}  // namespace kmodtest::plan
