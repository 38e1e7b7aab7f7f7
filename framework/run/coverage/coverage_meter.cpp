// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/coverage/coverage_meter.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "kernel/modules/build_stamp.hpp"
#include "kernel/modules/source_tree.hpp"
#include "text/module_name.hpp"
#include "text/words.hpp"

namespace kmodtest::run {
namespace {

namespace fs = std::filesystem;
using kernel::ModuleCode;

/// Returns a path as it is shown: below the current folder from there on, as CI systems want it.
std::string shown_path(const fs::path &file) {
  std::error_code error;
  const fs::path relative = file.lexically_relative(fs::current_path(error));
  const bool below = !error && !relative.empty() && *relative.begin() != "..";
  return (below ? relative : file).string();
}

const plan::ModuleSource *source_of(const plan::Case &test_case, const kernel::ModuleInfo &info) {
  const std::string name = text::lsmod_name(info.name);
  const auto found = std::find_if(test_case.modules.begin(), test_case.modules.end(),
                                  [&](const auto &source) { return text::lsmod_name(source.name) == name; });
  return found == test_case.modules.end() ? nullptr : &*found;
}

/// Returns the folder of the sources that were copied for a build; empty if they were not.
fs::path source_root(const plan::ModuleSource *source) {
  if (source == nullptr || source->kind != plan::ModuleSource::Kind::folder) return {};
  try {
    return kernel::find_source_tree(source->path, source->build.tree).root;
  } catch (const base::Error &) {
    return {};
  }
}

/// A module can be built again at the same path (kmodtest watch).
std::string key_of(const fs::path &ko) {
  std::error_code error;
  const auto changed = fs::last_write_time(ko, error).time_since_epoch().count();
  return fmt::format("{}\n{}\n{}", ko.string(), changed, fs::file_size(ko, error));
}

}  // namespace

CoverageMeter::Module CoverageMeter::read_module(const plan::Case &test_case, const kernel::ModuleInfo &info) {
  Module module;
  const fs::path built = kernel::build_folder_of(info.file);
  try {
    module.code = kernel::read_module_code(info.file, built.filename().string());
  } catch (const base::Error &error) {
    module.problem = error.what();
    return module;
  }
  const fs::path root = source_root(source_of(test_case, info));
  for (const fs::path &file : module.code.files) {
    std::error_code error;
    const bool copied = !root.empty() && fs::exists(root / file, error);
    module.paths.push_back(shown_path((copied ? root : module.code.root) / file));
  }
  // Even then the part that modpost adds can have some.
  if (module.code.pieces.empty())
    module.problem =
        "has no debug information: build it with -g (ccflags-y += -g), for a kernel with CONFIG_DEBUG_INFO";
  return module;
}

std::shared_ptr<const CoverageMeter::Module> CoverageMeter::module_of(const plan::Case &test_case,
                                                                      const kernel::ModuleInfo &info) {
  const std::string key = key_of(info.file);
  {
    const std::lock_guard lock(mutex_);
    const auto known = modules_.find(key);
    if (known != modules_.end()) return known->second;
  }
  auto module = std::make_shared<const Module>(read_module(test_case, info));
  const std::lock_guard lock(mutex_);
  return modules_.emplace(key, std::move(module)).first->second;
}

void CoverageMeter::read(const plan::Case &test_case, const std::vector<kernel::ModuleInfo> &modules) {
  for (const kernel::ModuleInfo &info : modules) module_of(test_case, info);
}

void CoverageMeter::add_counts(const Module &module, const PlacedCounts &counts, observe::Coverage &coverage) {
  const ModuleCode &code = module.code;
  std::vector<observe::FileCoverage *> files;
  for (const std::string &path : module.paths) files.push_back(&coverage.files[path]);
  for (const ModuleCode::Piece &piece : code.pieces) files[piece.file]->lines[piece.line];
  for (const auto &[place, count] : counts) {
    const ModuleCode::Piece *piece = code.piece_at(place);
    if (piece == nullptr) continue;
    std::uint64_t &times = files[piece->file]->lines[piece->line].times;
    times = std::max(times, count.times);
  }
  for (const ModuleCode::Jump &jump : code.jumps) {
    const auto count = counts.find(jump.place);
    const bool reached = count != counts.end();
    files[jump.file]->lines[jump.line].jumps.push_back(
        {.taken = reached ? count->second.taken : 0, .fell = reached ? count->second.fell : 0});
  }
  for (const ModuleCode::Function &function : code.functions) {
    const auto count = counts.find(function.entry);
    observe::FunctionCount &known = files[function.file]->functions[function.name];
    known.line = function.line;
    known.times += count == counts.end() ? 0 : count->second.times;
  }
  // A file without instructions, such as a header with types, has nothing to measure.
  for (const std::string &path : module.paths) {
    const auto file = coverage.files.find(path);
    if (file != coverage.files.end() && file->second.lines.empty()) coverage.files.erase(file);
  }
}

observe::Coverage CoverageMeter::measure(const plan::Case &test_case, const std::vector<kernel::ModuleInfo> &modules,
                                         const CodeRun &seen) {
  std::map<std::string, std::shared_ptr<const Module>> known;
  ModuleCodes codes;
  observe::Coverage coverage;
  for (const kernel::ModuleInfo &info : modules) {
    const std::string name = text::lsmod_name(info.name);
    known[name] = module_of(test_case, info);
    codes[name] = &known[name]->code;
    if (!known[name]->problem.empty()) coverage.missing[info.file.filename().string()] = known[name]->problem;
  }
  const auto placed = place_counts(seen.counts.counts, seen.events, codes);
  for (const auto &[name, module] : known) {
    const auto counts = placed.find(name);
    observe::Coverage one;
    if (module->problem.empty()) add_counts(*module, counts == placed.end() ? PlacedCounts() : counts->second, one);
    observe::add(coverage, one);
  }
  if (seen.counts.left_out > 0)
    coverage.missing[test_case.id] =
        fmt::format("executed too much: {} have no room", text::counted(seen.counts.left_out, "instruction"));
  return coverage;
}

}  // namespace kmodtest::run
