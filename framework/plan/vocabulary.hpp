// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The table of all keys of a plan. It is the source of the parser's checks, the JSON Schema and the reference.
namespace kmodtest::plan {

enum class Type {
  text,      ///< any single value, unchanged
  texts,     ///< one or a list
  boolean,   ///< true, false
  integer,   ///< a whole number
  integers,  ///< one or a list
  duration,
  size,
  range,
  size_range,  ///< a range of sizes
  interval,
  pattern,
  patterns,  ///< one or a list
  cpu_list,
  guest_path,      ///< absolute, below /proc, /sys, /dev or /tmp of the guest
  errno_name,      ///< EINVAL…, any
  choice,          ///< one of `allowed`
  choices,         ///< one of `allowed`, or a list of them
  map,             ///< of `table`
  maps,            ///< a map of `table`, or a list of them
  limit,           ///< an upper limit: "2ms", "< 2ms"
  shares,          ///< a map of CPUs ("cpu 2") to ranges of percent
  parameters,      ///< a map of single values
  matrix,          ///< a map of lists of single values
  topologies,      ///< SOCKETSxCORESxTHREADS, or a list of them
  numa,            ///< a number of nodes, CPUs of each, a list of maps of `table`, or a list of these
  modules,         ///< a text, a map of `table`, or a list of these
  files,           ///< a text, a map of `table`, or a list of these
  devices,         ///< one of `allowed`, a map of `table`, or a list of these
  text_condition,  ///< a pattern, or a map of `table`
  steps,
};

struct Table;

/// A key of a map.
struct Key {
  std::string name = {};
  Type type = Type::text;
  std::string fallback = {};     ///< the default as the reference shows it; empty: none
  std::string description = {};  ///< one line
  std::string example = {};      ///< a value in YAML
  std::vector<std::string> allowed = {};
  const Table *table = nullptr;
  bool required = false;
};

/// The keys of a kind of map.
struct Table {
  std::string name;
  std::vector<Key> keys;

  const Key *find(std::string_view key) const;
  std::vector<std::string> names() const;
};

/// A kind of step.
struct StepKind {
  std::string name = {};
  std::string summary = {};
  bool action = false;         ///< it does something; otherwise it is a condition
  bool bare = false;           ///< can be written without a value
  std::string short_key = {};  ///< the key for a value that is not a map; empty: a map is needed
  const Table *table = nullptr;
  bool short_only = false;   ///< there is no map form
  std::string example = {};  ///< in YAML, as an item of `steps`
};

const Table &plan_table();
const Table &module_table();
const Table &files_table();
const Table &guest_table();
const Table &numa_table();
const Table &devices_table();
const Table &checks_table();
const Table &expect_table();
const Table &fail_table();
/// The keys that every step can have besides the one of its kind.
const Table &step_table();
const Key &points_key();
inline constexpr std::int64_t kMostPoints = 1'000'000;
const std::vector<StepKind> &step_kinds();
const StepKind *find_step_kind(std::string_view name);

/// Returns "a duration", "a pattern or a list of patterns"…: for messages and the reference.
std::string type_phrase(const Key &key);

}  // namespace kmodtest::plan
