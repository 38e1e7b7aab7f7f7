// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/diagnostics.hpp"
#include "plan/node.hpp"
#include "plan/node_forms.hpp"
#include "plan/values.hpp"
#include "plan/vocabulary.hpp"

namespace kmodtest::plan {

struct Places;

/// The context for reading a plan's values at one point of the matrix.
struct Scope {
  const Source &source;
  Problems &problems;
  std::vector<std::pair<std::string, std::string>> variables = {};  ///< for ${NAME}
  std::set<std::string> used = {};                                  ///< the variables that have been used
  int cpus = 0;                    ///< of the case's guest; 0: not known, so CPU lists are not checked against it
  bool modules_known = true;       ///< all of the plan's modules could be read
  const Places *places = nullptr;  ///< where the plan's files can be; null: it can name none

  /// Returns a scalar's text with every ${NAME} filled in ("$${" becomes "${"). Nothing after a problem.
  std::optional<std::string> fill(const Node &scalar);
};

/// Returns the error for naming these CPUs (a set of bits) in this case if its guest lacks one of them.
std::optional<std::string> beyond_guest(std::uint64_t cpus, const Scope &scope);

/// Reads one map by its table. Reports unknown and missing keys on construction, and a bad value when it is read.
/// Asking for a key that the table does not have, or with another type, is a defect (std::logic_error).
class MapReader {
 public:
  MapReader(const Node &map, const Table &table, Scope &scope);

  bool has(const std::string &key) const { return map_.find(key) != nullptr; }
  const Node *find(const std::string &key, Type type) const;
  /// Returns the place for reports about a key's value.
  const Node &place(const std::string &key) const;

  std::optional<std::string> text(const std::string &key);
  std::vector<std::string> texts(const std::string &key, std::vector<const Node *> *places = nullptr);
  std::optional<bool> boolean(const std::string &key);
  std::optional<std::int64_t> integer(const std::string &key, std::int64_t least, std::int64_t most);
  std::optional<wire::Microseconds> duration(const std::string &key);
  std::optional<std::uint64_t> size(const std::string &key);
  std::optional<wire::Range> range(const std::string &key);
  std::optional<Span> interval(const std::string &key);
  std::optional<wire::Pattern> pattern(const std::string &key);
  std::vector<wire::Pattern> patterns(const std::string &key, std::vector<const Node *> *places = nullptr);
  /// Reads a text in list format ("0-3"), or a list of them. Reports CPUs that the case's guest does not have.
  std::optional<std::uint64_t> cpus(const std::string &key);
  std::optional<wire::Microseconds> limit(const std::string &key);
  /// Reads shares by CPUs; reports CPUs that the case's guest does not have.
  std::vector<std::pair<std::uint64_t, wire::Range>> shares(const std::string &key);
  std::optional<std::string> guest_path(const std::string &key);
  std::optional<std::int32_t> errno_value(const std::string &key);
  std::optional<std::string> choice(const std::string &key);
  std::vector<std::string> choices(const std::string &key);
  std::vector<std::pair<std::string, std::string>> parameters(const std::string &key);
  /// Returns the map, or each of the list's maps; reports items that are not maps.
  std::vector<const Node *> maps(const std::string &key);
  const Node *map(const std::string &key);

  Scope &scope() { return scope_; }
  void error(Code code, const std::string &key, std::string message) {
    scope_.problems.error(code, place(key), std::move(message));
  }

 private:
  const Key &key(const std::string &name, Type type) const;
  std::optional<std::string> scalar(const Key &key, const Node &node);
  void wrong_type(const Key &key, const Node &node);
  template <class T>
  std::optional<T> convert(const std::string &name, Type type, Value<T> (*parse)(std::string_view));
  template <class T>
  std::optional<T> settle(const Node &node, Value<T> value);
  bool has_cpus(const Node &node, std::uint64_t cpus);

  const Node &map_;
  const Table &table_;
  Scope &scope_;
};

}  // namespace kmodtest::plan
