// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/diagnostics.hpp"
#include "plan/node.hpp"
#include "plan/values.hpp"
#include "plan/vocabulary.hpp"

namespace kmodtest::plan {

/// What the values of a plan are read with, at one point of the matrix.
struct Scope {
  const Source &source;
  Problems &problems;
  std::vector<std::pair<std::string, std::string>> variables = {};  ///< for ${NAME}
  std::set<std::string> used = {};                                  ///< the variables that were asked for
  int cpus = 0;               ///< of the case's guest; 0: not known, do not judge CPU lists by it
  bool modules_known = true;  ///< the plan's modules could all be read

  /// A scalar's text with every ${NAME} filled in ("$${" stands for "${"). Nothing after a problem.
  std::optional<std::string> fill(const Node &scalar);
};

/// What is wrong with naming these CPUs (a set of bits) in this case: that its guest does not have one of them.
std::optional<std::string> beyond_guest(std::uint64_t cpus, const Scope &scope);

/// Reads one map by its table. Unknown and missing keys are reported when it is made, a bad value when it is asked for.
/// Asking for a key that the table does not have, or with another type, is a defect (std::logic_error).
class MapReader {
 public:
  MapReader(const Node &map, const Table &table, Scope &scope);

  bool has(const std::string &key) const { return map_.find(key) != nullptr; }
  const Node *find(const std::string &key, Type type) const;
  /// Where to report about a key's value.
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
  /// Of a text in list format ("0-3"), or of a list of them. Reports CPUs that the case's guest does not have.
  std::optional<std::uint64_t> cpus(const std::string &key);
  std::optional<wire::Microseconds> limit(const std::string &key);
  /// By CPUs; reports those that the case's guest does not have.
  std::vector<std::pair<std::uint64_t, wire::Range>> shares(const std::string &key);
  std::optional<std::string> guest_path(const std::string &key);
  std::optional<std::int32_t> errno_value(const std::string &key);
  std::optional<std::string> choice(const std::string &key);
  std::vector<std::string> choices(const std::string &key);
  std::vector<std::pair<std::string, std::string>> parameters(const std::string &key);
  /// The map, or each of the list's maps; what is no map is reported.
  std::vector<const Node *> maps(const std::string &key);
  const Node *map(const std::string &key);

  Scope &scope() { return scope_; }
  void error(Code code, const std::string &key, std::string message) {
    scope_.problems.error(code, place(key), std::move(message));
  }

 private:
  const Key &key(const std::string &name, Type type) const;
  std::optional<std::string> scalar(const Key &key, const Node &node);
  std::vector<const Node *> elements(const Key &key, const Node &node) const;
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

/// The node as a map: itself, or what the short form (`dmesg: Hello`) stands for.
Node as_map(const Node &node, const std::string &short_key);

}  // namespace kmodtest::plan
