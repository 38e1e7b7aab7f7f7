// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// The path in the guest that a module's file is pushed to.
std::string guest_module_path(const std::string &name);

/// A repeat of so many rounds: a tenth of them more to warm up, and ten counts.
wire::Repeat repeat_of(std::vector<wire::ModuleToLoad> modules, std::uint32_t times, wire::Microseconds hold_for);
/// What the rounds may take in all: exit functions that wait a second or two for a thread are nothing unusual.
wire::Microseconds time_for(const wire::Repeat &repeat);
/// How long modules stay loaded in each round.
inline constexpr wire::Microseconds kRepeatHold{100'000};
inline constexpr std::int64_t kFewestRounds = 10;
inline constexpr std::int64_t kMostRounds = 10'000;

/// Reads the steps of a case one by one and keeps account of what is loaded.
class StepReader {
 public:
  StepReader(const std::vector<ModuleSource> &modules, const std::vector<std::string> &kernel_modules, Scope &scope);

  /// One item of `steps`; nothing after a problem.
  std::optional<Step> read(const Node &item);
  /// A step that was read in another case and is the same here: only the account of loaded modules moves on.
  /// False when the account says that it is not the same after all.
  bool reuse(const Step &step);
  /// The unload that the end of the plan asks for, if any module is still loaded.
  std::optional<Step> final_unload(const Node &steps) const;

  const std::vector<std::string> &loaded() const { return loaded_; }

 private:
  std::optional<Step> lower(const StepKind &kind, const Node &value, const Node &place);
  std::optional<wire::StepBody> load(MapReader &reader);
  std::optional<wire::StepBody> unload(MapReader &reader);
  std::optional<wire::StepBody> dmesg(MapReader &reader, Step &step);
  std::optional<wire::StepBody> ps(MapReader &reader);
  std::optional<wire::StepBody> lsmod(MapReader &reader);
  std::optional<wire::StepBody> file(MapReader &reader);
  std::optional<wire::StepBody> write(MapReader &reader);
  std::optional<wire::StepBody> run(MapReader &reader);
  std::optional<wire::StepBody> cpu(MapReader &reader);
  std::optional<wire::StepBody> repeat(MapReader &reader);
  std::optional<ModinfoCondition> modinfo(MapReader &reader);
  std::optional<SchedCondition> sched(MapReader &reader);
  std::optional<wire::TextCondition> text_condition(MapReader &reader, const std::string &key);

  std::vector<std::string> named_modules(MapReader &reader, const std::vector<std::string> &all);
  bool is_loaded(const std::string &name) const;
  void account(const wire::Load &load);
  void account(const wire::Unload &unload);

  const std::vector<ModuleSource> &modules_;
  const std::vector<std::string> &kernel_modules_;
  Scope &scope_;
  std::vector<std::string> loaded_;
  bool unsure_ = false;  ///< a step was wrong: what is loaded is not known any more
};

}  // namespace kmodtest::plan
