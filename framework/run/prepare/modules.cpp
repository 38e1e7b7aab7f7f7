// SPDX-License-Identifier: GPL-2.0-or-later
// The modules of a case: built, read, and brought into the order of loading.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "base/error.hpp"
#include "kernel/symbols/symbols.hpp"
#include "run/prepare/lack.hpp"
#include "run/prepare/prepare.hpp"
#include "text/module_name.hpp"
#include "text/words.hpp"

namespace kmodtest::run {

namespace fs = std::filesystem;

namespace {

/// Modules of one run of Kbuild. The more, the less of its own work there is for each; but the first case waits for all
/// of them.
constexpr std::size_t kMostTogether = 12;

kernel::BuildWish wish_of(const plan::ModuleSource &source) {
  return {.folder = source.path,
          .tree = source.build.tree,
          .variables = source.build.make,
          .target = source.build.target,
          .before = source.build.before,
          .scripts = source.build.scripts};
}

std::string key_of(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                   const std::vector<fs::path> &before) {
  std::string key = kernel.digest + kernel.release + '\n' + source.path.string() + '\n' + source.name + '\n' +
                    source.build.tree.string() + '\n' + source.build.target + '\n' + source.build.before +
                    (source.all ? "\nall" : "");
  for (const auto &setting : source.build.make) key += '\n' + setting;
  for (const auto &pick : source.picks) key += '\n' + pick;
  for (const auto &ko : before) key += '\n' + ko.string();
  return key;
}

/// Returns the places of the modules that `picks` name, and of those that they need, in the order of loading. All of
/// them if it names none.
std::vector<std::size_t> picked(const std::vector<kernel::ModuleInfo> &infos, const plan::ModuleSource &source) {
  auto order = kernel::loading_order(infos);
  if (source.picks.empty()) return order;
  std::set<std::string> wanted(source.picks.begin(), source.picks.end());
  std::set<std::string> symbols;
  std::vector<std::size_t> chosen;
  // What a module needs comes before it.
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const auto &info = infos[*at];
    const bool is_needed = std::any_of(info.exported_symbols.begin(), info.exported_symbols.end(),
                                       [&](const std::string &symbol) { return symbols.contains(symbol); });
    const bool is_wanted = wanted.erase(text::lsmod_name(info.name)) > 0;
    if (!is_wanted && !is_needed) continue;
    symbols.insert(info.undefined_symbols.begin(), info.undefined_symbols.end());
    chosen.insert(chosen.begin(), *at);
  }
  if (wanted.empty()) return chosen;
  std::vector<std::string> names;
  names.reserve(infos.size());
  for (const auto &info : infos) names.push_back(info.name);
  throw base::UsageError(base::Code::builds_other_modules,
                         fmt::format("{} has no module {}; it has {}", source.path.string(), fmt::join(wanted, ", "),
                                     fmt::join(names, ", ")),
                         "correct --module");
}

}  // namespace

std::vector<kernel::ModuleInfo> Preparer::BuiltModules::infos() const {
  std::vector<kernel::ModuleInfo> all;
  for (const auto &module : modules) all.push_back(module.info);
  return all;
}

Preparer::BuiltModule Preparer::read(const fs::path &ko) {
  BuiltModule module;
  module.info = kernel::read_module_info(ko);
  // Debug information stays on the host: the guest would copy it several times.
  module.content = std::make_shared<const std::string>(kernel::without_debug_info(kernel::read_module(ko)));
  return module;
}

Preparer::BuiltModules Preparer::build(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                                       const std::vector<fs::path> &before) {
  const std::function<BuiltModules()> make = [&] {
    return source.all ? build_all(source, kernel, before) : build_one(source, kernel, before);
  };
  return modules_.get(key_of(source, kernel, before), make);
}

void Preparer::expect(const std::vector<std::shared_ptr<const plan::Case>> &cases) {
  std::set<std::pair<std::string, fs::path>> known;
  std::map<std::string, std::size_t> last;  // group of each kernel
  groups_.clear();
  group_builds_.forget();
  for (const auto &test_case : cases) {
    if (test_case->skip) continue;
    const std::string kernel = kernel_name(*test_case);
    for (const auto &source : test_case->modules) {
      const bool is_one = source.kind == plan::ModuleSource::Kind::folder && !source.all;
      if (!is_one || !known.emplace(kernel, source.path).second) continue;
      const auto [group, is_first] = last.try_emplace(kernel, groups_.size());
      if (!is_first && groups_[group->second].sources.size() == kMostTogether) group->second = groups_.size();
      if (group->second == groups_.size()) groups_.push_back({.kernel = kernel, .sources = {}});
      groups_[group->second].sources.push_back(source);
    }
  }
}

std::optional<kernel::TreeBuild> Preparer::built_in_group(const plan::ModuleSource &source,
                                                          const kernel::Kernel &kernel) {
  for (const auto &group : groups_) {
    if (group.kernel != kernel.name) continue;
    const auto found = std::find(group.sources.begin(), group.sources.end(), source);
    if (found == group.sources.end()) continue;
    const std::function<GroupBuilds()> make = [&] {
      std::vector<kernel::NamedWish> wishes;
      wishes.reserve(group.sources.size());
      for (const auto &each : group.sources) wishes.push_back({.wish = wish_of(each), .name = each.name});
      return kernel::build_together(wishes, kernel, cache_);
    };
    const auto builds = group_builds_.get(std::to_string(&group - groups_.data()), make);
    return builds[static_cast<std::size_t>(found - group.sources.begin())];
  }
  return std::nullopt;
}

Preparer::BuiltModules Preparer::build_one(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                                           const std::vector<fs::path> &before) {
  BuiltModules found;
  fs::path ko = source.path;
  if (source.kind == plan::ModuleSource::Kind::folder) {
    const auto in_group = before.empty() ? built_in_group(source, kernel) : std::nullopt;
    auto built = kernel::build_module(wish_of(source), source.name, kernel, cache_, before);
    if (in_group && !built.rebuilt) {
      built.rebuilt = true;
      built.log = in_group->log;
    }
    found.skip = std::move(built.skip);
    found.lacks_options = built.lacks_options;
    if (found.skip) return found;
    if (built.rebuilt) notices_.say(fmt::format("built {} for {}", source.name, kernel.release));
    found.others = std::move(built.others);
    ko = built.ko;
    found.log = built.log;
  }
  BuiltModule module = read(ko);
  if (text::lsmod_name(module.info.name) != text::lsmod_name(source.name)) {
    throw base::UsageError(
        base::Code::other_module_name,
        fmt::format("the module in {} is named '{}', not '{}'", source.path.string(), module.info.name, source.name),
        fmt::format("write module: {{path: {}, name: {}}}", source.path.filename().string(), module.info.name));
  }
  found.add(source, std::move(module));
  return found;
}

Preparer::BuiltModules Preparer::build_all(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                                           const std::vector<fs::path> &before) {
  BuiltModules found;
  std::vector<fs::path> files;
  if (source.kind == plan::ModuleSource::Kind::collection) {
    files = kernel::modules_in_collection(source.path, cache_);
  } else {
    auto built = kernel::build_tree(wish_of(source), kernel, cache_, before);
    found.skip = std::move(built.skip);
    found.lacks_options = built.lacks_options;
    found.log = std::move(built.log);
    files = std::move(built.modules);
    if (built.rebuilt && !found.skip) {
      notices_.say(files.size() == 1 ? fmt::format("built {} for {}", files.front().stem().string(), kernel.release)
                                     : fmt::format("built {} in {} for {}", text::counted(files.size(), "module"),
                                                   source.name, kernel.release));
    }
  }
  std::vector<BuiltModule> modules;
  std::vector<kernel::ModuleInfo> infos;
  for (const auto &file : files) {
    modules.push_back(read(file));
    infos.push_back(modules.back().info);
  }
  for (const std::size_t index : picked(infos, source)) {
    plan::ModuleSource one = source;
    one.all = false;
    one.picks.clear();
    one.name = text::lsmod_name(infos[index].name);
    if (source.kind == plan::ModuleSource::Kind::collection) {
      one.kind = plan::ModuleSource::Kind::file;
      one.path = files[index];
    }
    found.add(std::move(one), std::move(modules[index]));
  }
  return found;
}

Preparer::BuiltModules Preparer::build_with_companions(const plan::Case &test_case, const plan::ModuleSource &source,
                                                       const kernel::Kernel &kernel, std::vector<fs::path> &built) {
  try {
    return build(source, kernel, built);
  } catch (const kernel::BuildError &error) {
    if (test_case.companions.empty() || !undefined_symbol(error.output())) throw;
  }
  for (const auto &companion : test_case.companions) {
    if (companion.kind != plan::ModuleSource::Kind::folder) continue;
    try {
      for (const auto &module : build(companion, kernel, built).modules) built.push_back(module.info.file);
    } catch (const base::Interrupted &) {
      throw;
    } catch (const base::Error &) {
      // Its own case tells.
    }
  }
  return build(source, kernel, built);
}

void Preparer::add_companions(const plan::Case &test_case, const kernel::Kernel &kernel, BuiltModules &found) {
  for (const auto &companion : test_case.companions) {
    const auto infos = found.infos();
    std::set<std::string> missing;
    for (const auto &info : infos) {
      for (auto &symbol : kernel::missing_symbols(info, kernel, infos)) missing.insert(std::move(symbol));
    }
    if (missing.empty()) return;
    BuiltModules others;
    try {
      others = build(companion, kernel, {});
    } catch (const base::Interrupted &) {
      throw;
    } catch (const base::Error &) {
      continue;  // its own case tells
    }
    for (std::size_t i = 0; i < others.modules.size(); ++i) {
      const auto &exported = others.modules[i].info.exported_symbols;
      const bool helps = std::any_of(exported.begin(), exported.end(),
                                     [&](const std::string &symbol) { return missing.contains(symbol); });
      if (helps) found.add(std::move(others.sources[i]), std::move(others.modules[i]));
    }
  }
}

void Preparer::name_others(const plan::Case &test_case, const BuiltModules &found) {
  std::set<std::string> others(found.others.begin(), found.others.end());
  for (const auto &source : found.sources) others.erase(text::lsmod_name(source.name));
  if (others.empty()) return;
  say_once(fmt::format("{} leaves out modules that its build makes: {}", test_case.plan_name, fmt::join(others, ", ")));
}

Preparer::BuiltModules Preparer::modules_of(const plan::Case &test_case, const kernel::Kernel &kernel) {
  BuiltModules all;
  std::vector<fs::path> built;  // the symbols of these are available to later modules
  for (const auto &source : test_case.modules) {
    BuiltModules found = build_with_companions(test_case, source, kernel, built);
    if (found.skip) return found;
    for (std::size_t i = 0; i < found.modules.size(); ++i) {
      if (source.kind == plan::ModuleSource::Kind::folder) built.push_back(found.modules[i].info.file);
      all.add(std::move(found.sources[i]), std::move(found.modules[i]));
    }
    all.log += found.log;
    for (auto &name : found.others) all.others.push_back(std::move(name));
  }
  name_others(test_case, all);
  if (test_case.companions.empty()) return all;
  // Those that the companions need of each other come with later rounds.
  for (std::size_t before = 0; before != all.modules.size();) {
    before = all.modules.size();
    add_companions(test_case, kernel, all);
  }
  BuiltModules sorted;
  sorted.log = all.log;
  for (const std::size_t index : kernel::loading_order(all.infos()))
    sorted.add(std::move(all.sources[index]), std::move(all.modules[index]));
  return sorted;
}

}  // namespace kmodtest::run
