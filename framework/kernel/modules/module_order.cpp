// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/module_order.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "kernel/modules/module.hpp"
#include "kernel/modules/module_requests.hpp"
#include "text/module_name.hpp"

namespace kmodtest::kernel {
namespace {

/// Sorts modules by what they need of each other, and then by what they can request of each other.
class Sorter {
 public:
  explicit Sorter(const std::vector<ModuleInfo> &modules) : modules_(modules), states_(modules.size(), State::unseen) {
    for (std::size_t i = 0; i < modules.size(); ++i) {
      names_.emplace(text::lsmod_name(modules[i].name), i);
      for (const auto &symbol : modules[i].exported_symbols) exporters_.emplace(symbol, i);
      const auto [first, last] = modules[i].fields.equal_range("alias");
      for (auto alias = first; alias != last; ++alias) aliases_.emplace(alias->second, i);
    }
    for (std::size_t i = 0; i < modules.size(); ++i) needs_.push_back(needs_of(i));
  }

  std::vector<std::size_t> sorted() {
    for (std::size_t i = 0; i < modules_.size(); ++i) add(i);
    return std::move(order_);
  }

 private:
  enum class State { unseen, waiting, placed };

  std::set<std::size_t> needs_of(std::size_t index) const {
    std::set<std::size_t> needs;
    const auto take = [&](const std::map<std::string, std::size_t> &where, const std::string &key) {
      if (const auto found = where.find(key); found != where.end() && found->second != index)
        needs.insert(found->second);
    };
    for (const auto &symbol : modules_[index].undefined_symbols) take(exporters_, symbol);
    for (const auto &name : named_needs(modules_[index])) take(names_, text::lsmod_name(name));
    return needs;
  }

  /// Returns the modules with an alias that this one has in its texts: it can request them (request_module()).
  std::set<std::size_t> requests_of(std::size_t index) const {
    std::set<std::size_t> requests;
    if (aliases_.empty()) return requests;
    for (const auto &text : modules_[index].texts) {
      for (const auto &name : possible_names(text)) {
        if (const auto found = aliases_.find(name); found != aliases_.end()) requests.insert(found->second);
      }
    }
    return requests;
  }

  bool is_needed_by(std::size_t needed, std::size_t index, std::set<std::size_t> &visited) const {
    if (needed == index) return true;
    if (!visited.insert(index).second) return false;
    return std::any_of(needs_[index].begin(), needs_[index].end(),
                       [&](std::size_t other) { return is_needed_by(needed, other, visited); });
  }

  /// Returns whether a module needs one that waits for its own place.
  bool needs_one_that_waits(std::size_t index) const {
    for (std::size_t i = 0; i < modules_.size(); ++i) {
      std::set<std::size_t> visited;
      if (states_[i] == State::waiting && is_needed_by(i, index, visited)) return true;
    }
    return false;
  }

  void add(std::size_t index) {
    if (states_[index] != State::unseen) return;
    states_[index] = State::waiting;
    for (const std::size_t needed : needs_[index]) add(needed);
    for (const std::size_t requested : requests_of(index)) {
      if (!needs_one_that_waits(requested)) add(requested);
    }
    states_[index] = State::placed;
    order_.push_back(index);
  }

  const std::vector<ModuleInfo> &modules_;
  std::vector<State> states_;
  std::map<std::string, std::size_t> names_, exporters_, aliases_;
  std::vector<std::set<std::size_t>> needs_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::vector<std::string> named_needs(const ModuleInfo &module) {
  std::vector<std::string> names;
  std::istringstream depends(module.field("depends").value_or(""));
  for (std::string name; std::getline(depends, name, ',');) {
    if (!name.empty()) names.push_back(name);
  }
  std::istringstream words(module.field("softdep").value_or(""));
  bool before = false;
  for (std::string word; words >> word;) {
    if (word.ends_with(':')) {
      before = word == "pre:";
    } else if (before) {
      names.push_back(word);
    }
  }
  return names;
}

std::vector<std::size_t> loading_order(const std::vector<ModuleInfo> &modules) {
  return Sorter(modules).sorted();
}

}  // namespace kmodtest::kernel
