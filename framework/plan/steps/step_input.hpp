// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"
#include "wire/program.hpp"

/// Shared parts of the readers of the kinds of steps.
namespace kmodtest::plan {

/// Tracks which modules are loaded before each step.
class LoadedModules {
 public:
  /// Returns the names in the order of loading.
  const std::vector<std::string> &names() const { return names_; }
  bool contains(const std::string &name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }
  void account(const wire::Load &load);
  void account(const wire::Unload &unload);
  /// Returns false after an invalid step: then it is not known which modules are loaded.
  bool sure() const { return sure_; }
  void lose_track() { sure_ = false; }

 private:
  std::vector<std::string> names_;
  bool sure_ = true;
};

/// The inputs and outputs of the reader of one step.
struct StepInput {
  MapReader &reader;  ///< of the step's map, or of its short form's meaning
  const Node &value;  ///< as in the plan
  Scope &scope;
  const std::vector<ModuleSource> &modules;  ///< of the plan
  LoadedModules &loaded;
  std::set<std::string> &commands;  ///< names of the commands in the background so far
  Step &step;                       ///< has its place and its key already
  wire::Step &guest;                ///< its deadline is the default of its kind
};

/// The kernel's own limit for a task that hangs (kernel.hung_task_timeout_secs).
inline constexpr wire::Microseconds kActionWithin{120'000'000};
inline constexpr wire::Microseconds kConditionWithin{5'000'000};
inline constexpr std::int64_t kMostTimes = 100'000;

inline const Key kActionWithinKey{"within", Type::duration, "120s", "the deadline for it, in guest time", "30s"};
inline const Key kWithin{"within", Type::duration, "5s", "the deadline for it to be true, in guest time", "10s"};
inline const Key kFor{"for", Type::duration, "0s", "how long it must stay true after that", "2s"};
inline const Key kErrno{"errno", Type::errno_name, "none: it must succeed",
                        "it must be refused with this error; any: with any error", "EINVAL"};

/// Returns the path in the guest that a module's file is pushed to.
std::string guest_module_path(const std::string &name);
/// Returns what a load of the module does, without parameters.
wire::ModuleToLoad module_to_load(const std::string &name);

std::vector<std::string> names_of(const std::vector<ModuleSource> &modules);

/// Returns the modules of the plan that the key 'module' names; without the key `all`.
std::vector<std::string> named_modules(StepInput &in, const std::vector<std::string> &all);

/// Returns the key 'exit'; reports one that no command can end with.
std::optional<wire::Range> exit_status(StepInput &in);

/// Reports every key of `others` that is given together with `key`.
void refuse_together(MapReader &reader, const std::string &key, std::initializer_list<const char *> others,
                     const char *why);

}  // namespace kmodtest::plan
