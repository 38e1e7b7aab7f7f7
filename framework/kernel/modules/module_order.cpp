// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/module_order.hpp"

#include <map>
#include <sstream>

#include "kernel/modules/module.hpp"
#include "text/module_name.hpp"

namespace kmodtest::kernel {
namespace {

/// Sorts modules by what they need of each other.
class Sorter {
 public:
  explicit Sorter(const std::vector<ModuleInfo> &modules) : modules_(modules), seen_(modules.size(), false) {
    for (std::size_t i = 0; i < modules.size(); ++i) {
      names_.emplace(text::lsmod_name(modules[i].name), i);
      for (const auto &symbol : modules[i].exported_symbols) exporters_.emplace(symbol, i);
    }
  }

  std::vector<std::size_t> sorted() {
    for (std::size_t i = 0; i < modules_.size(); ++i) add(i);
    return std::move(order_);
  }

 private:
  void add(std::size_t index) {
    if (seen_[index]) return;
    seen_[index] = true;
    for (const auto &symbol : modules_[index].undefined_symbols) add_found(exporters_, symbol);
    for (const auto &name : named_needs(modules_[index])) add_found(names_, text::lsmod_name(name));
    order_.push_back(index);
  }

  void add_found(const std::map<std::string, std::size_t> &where, const std::string &key) {
    if (const auto found = where.find(key); found != where.end()) add(found->second);
  }

  const std::vector<ModuleInfo> &modules_;
  std::vector<bool> seen_;
  std::map<std::string, std::size_t> names_, exporters_;
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
