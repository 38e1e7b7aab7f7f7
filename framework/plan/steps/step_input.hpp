// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"
#include "wire/program.hpp"

/// What the readers of the kinds of steps share.
namespace kmodtest::plan {

/// The account of which modules are loaded where a step stands.
class LoadedModules {
 public:
  /// In the order of loading.
  const std::vector<std::string> &names() const { return names_; }
  bool contains(const std::string &name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }
  void account(const wire::Load &load);
  void account(const wire::Unload &unload);
  /// False after a step was wrong: what is loaded is no longer known.
  bool sure() const { return sure_; }
  void lose_track() { sure_ = false; }

 private:
  std::vector<std::string> names_;
  bool sure_ = true;
};

/// What the reader of one step works with.
struct StepInput {
  MapReader &reader;  ///< of the step's map, or of what its short form stands for
  const Node &value;  ///< as written
  Scope &scope;
  const std::vector<ModuleSource> &modules;  ///< of the plan
  LoadedModules &loaded;
  Step &step;         ///< its place and its key are there already
  wire::Step &guest;  ///< its deadline is the default of its kind
};

inline constexpr wire::Microseconds kActionWithin{10'000'000};
inline constexpr wire::Microseconds kConditionWithin{5'000'000};
inline constexpr std::int64_t kMostTimes = 100'000;

inline const Key kActionWithinKey{"within", Type::duration, "10s", "by when it has to be done, in guest time", "30s"};
inline const Key kWithin{"within", Type::duration, "5s", "by when it has to be true, in guest time", "10s"};
inline const Key kFor{"for", Type::duration, "0s", "how long it has to stay true after that", "2s"};
inline const Key kErrno{"errno", Type::errno_name, "none: it has to succeed",
                        "it has to be refused with this error; any: with whichever", "EINVAL"};

/// Returns the path in the guest that a module's file is pushed to.
std::string guest_module_path(const std::string &name);

std::vector<std::string> names_of(const std::vector<ModuleSource> &modules);

/// Returns the modules of the plan that the key 'module' names; without the key `all`.
std::vector<std::string> named_modules(StepInput &in, const std::vector<std::string> &all);

/// Reports every key of `others` that is given beside `key`.
void refuse_together(MapReader &reader, const std::string &key, std::initializer_list<const char *> others,
                     const char *why);

}  // namespace kmodtest::plan
