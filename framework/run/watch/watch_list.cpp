// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/watch_list.hpp"

#include <algorithm>
#include <system_error>

#include "kernel/modules/module_source.hpp"
#include "plan/schedule.hpp"
#include "run/select/collect.hpp"

namespace kmodtest::run {

namespace fs = std::filesystem;

namespace {

/// Resolves a path like the kernel, as far as it exists.
fs::path real(const fs::path &path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  fs::path found = fs::weakly_canonical(absolute, error);
  if (error) found = absolute;
  return found.has_filename() ? found : found.parent_path();  // "plans/"
}

/// Returns the path of the entry itself, even if it is a symbolic link.
fs::path entry(const fs::path &path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  return absolute.has_filename() ? real(absolute.parent_path()) / absolute.filename() : real(absolute);
}

bool is_below(const fs::path &path, const fs::path &folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

}  // namespace

bool WatchList::Source::touched_by(const fs::path &changed) const {
  // If a folder appears or disappears, so does its content.
  const auto holds = [&](const fs::path &one) { return is_below(one, changed); };
  if (std::any_of(files.begin(), files.end(), holds) || std::any_of(trees.begin(), trees.end(), holds)) return true;
  return std::any_of(trees.begin(), trees.end(), [&](const fs::path &tree) {
    return is_below(changed, tree) && kernel::is_module_source(changed.lexically_relative(tree));
  });
}

void WatchList::watch(const fs::path &folder) {
  std::error_code error;
  fs::path there = folder;
  while (!fs::is_directory(there, error) && there.has_relative_path()) there = there.parent_path();
  folders_.insert(there);
}

void WatchList::add_file(Source &source, const fs::path &file) {
  for (const fs::path &path : {entry(file), real(file)}) {
    source.files.insert(path);
    watch(path.parent_path());
  }
}

void WatchList::add_tree(Source &source, const fs::path &tree) {
  const fs::path root = real(tree);
  source.trees.insert(root);
  source.files.insert(entry(tree));
  watch(entry(tree).parent_path());  // to notice when it disappears and reappears
  watch(root.parent_path());
  watch(root);
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(root, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    const bool used = kernel::is_module_source(at->path().lexically_relative(root));
    if (at->is_symlink(ignored)) {
      if (used) add_file(source, at->path());
    } else if (at->is_directory(ignored)) {
      if (used) {
        watch(at->path());
      } else {
        at.disable_recursion_pending();
      }
    }
  }
}

WatchList::WatchList(const std::vector<fs::path> &inputs, const Cases &cases) {
  for (const fs::path &input : inputs) {
    std::error_code error;
    if (fs::is_directory(input, error)) {
      plan_folders_.insert(real(input));
      near_.insert(real(input));
      watch(real(input));
      watch(entry(input).parent_path());
    } else {
      if (is_plan(input)) near_.insert(entry(input).parent_path());
      add_file(plans_, input);
    }
    plans_.files.insert(entry(input));
  }
  for (const auto &test_case : cases) {
    Source source;
    if (!test_case->plan_file.empty()) {
      add_file(source, test_case->plan_file);
      plans_.files.insert(source.files.begin(), source.files.end());
    }
    if (test_case->schedule && !test_case->schedule->file.empty()) add_file(source, test_case->schedule->file);
    for (const plan::ModuleSource &module : test_case->modules) {
      std::error_code error;
      if (fs::is_directory(module.path, error)) {
        add_tree(source, module.build.tree.empty() ? module.path : module.build.tree);
      } else {
        add_file(source, module.path);
      }
    }
    for (const plan::Step &step : test_case->steps) {
      if (step.numbers && !step.numbers->header.starts_with('<')) add_file(source, step.numbers->header);
    }
    for (const plan::FileSource &file : test_case->files) {
      std::error_code error;
      if (fs::is_directory(file.from, error)) {
        add_tree(source, file.from);
      } else {
        add_file(source, file.from);
      }
    }
    cases_.push_back(std::move(source));
  }
}

bool WatchList::touches_plans(const fs::path &changed) const {
  if (plans_.touched_by(changed)) return true;
  return is_plan_in_folder(changed) && plan_folders_.count(changed.parent_path()) > 0;
}

std::set<std::size_t> WatchList::touched(const fs::path &changed) const {
  std::set<std::size_t> found;
  for (std::size_t index = 0; index < cases_.size(); ++index) {
    if (cases_[index].touched_by(changed)) found.insert(index);
  }
  return found;
}

bool WatchList::near_plans(const fs::path &changed) const {
  if (!kernel::is_module_source(changed.filename())) return false;
  return std::any_of(near_.begin(), near_.end(), [&](const fs::path &folder) {
    return is_below(changed, folder) || is_below(changed, folder.parent_path() / "modules");
  });
}

}  // namespace kmodtest::run
