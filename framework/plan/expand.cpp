// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/expand.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fmt/format.h>
#include <fnmatch.h>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/checks.hpp"
#include "plan/expect.hpp"
#include "plan/fault.hpp"
#include "plan/files.hpp"
#include "plan/guest_axes.hpp"
#include "plan/guest_shape.hpp"
#include "plan/matrix.hpp"
#include "plan/module_lookup.hpp"
#include "plan/needs.hpp"
#include "plan/reader.hpp"
#include "plan/schedule.hpp"
#include "plan/steps/repeat.hpp"
#include "plan/steps/step_reader.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr wire::Microseconds kDefaultTimeout = 60s;
constexpr std::size_t kMostCases = 4096;
constexpr std::size_t kMostSteps = 1000;
constexpr std::size_t kLargestExpansion = 256u << 20;  // of Node::weight, over all cases

using Point = std::vector<std::pair<std::string, std::string>>;

/// Returns the time that the steps can take before the last of them has missed its deadline.
wire::Microseconds time_for_all(const std::vector<Step> &steps) {
  wire::Microseconds time{0};
  for (const Step &step : steps)
    if (step.guest) time += time_for(*step.guest);
  return time;
}

class Expansion {
 public:
  Expansion(const Node &root, const fs::path &file, const Overrides &overrides, const Source &source,
            Problems &problems)
      : root_(root),
        file_(file),
        overrides_(overrides),
        source_(source),
        problems_(problems),
        scope_{source, problems} {
    std::error_code error;
    const fs::path absolute = fs::absolute(file.empty() ? fs::path("plan.yaml") : file, error);
    places_.folder = (error ? file : absolute).parent_path().lexically_normal();
    for (const fs::path &root_folder : overrides.module_roots) {
      const fs::path folder = fs::absolute(root_folder, error);
      places_.roots.push_back((error ? root_folder : folder).lexically_normal());
    }
    scope_.places = &places_;
  }

  std::optional<Plan> run() {
    MapReader reader(root_, plan_table(), scope_);
    Plan plan;
    plan.file = file_;
    plan.name = file_.stem().string();
    // Names and tags belong to the plan, not to a case: no variables in them.
    if (const auto name = reader.text("name")) plan.name = *name;
    if (const auto description = reader.text("description")) plan.description = *description;
    plan.tags = reader.texts("tags");
    if (const Node *guest = root_.find("guest"); guest != nullptr) guest_ = reader.map("guest");
    if (const Node *checks = root_.find("checks"); checks != nullptr) checks_ = reader.map("checks");
    expect_ = reader.map("expect");
    fail_ = reader.map("fail");
    modules_ = root_.find("module");
    steps_ = read_step_list();
    read_axes(reader);
    if (!check_size()) return std::nullopt;

    for (const auto &choice : choices_) {
      chosen_ = &choice;
      known_modules_.reset();
      known_steps_.clear();
      for (const std::string &kernel : kernels_) {
        for (const CpuLayout &cpus : guests_.cpus)
          for (const NumaLayout &numa : guests_.numa)
            if (!expand_guest(kernel, cpus, numa, plan)) return std::nullopt;
      }
    }
    if (problems_.any_error()) return std::nullopt;
    warn_unused();
    return plan;
  }

 private:
  const std::vector<Node> *read_step_list() {
    const Node *steps = root_.find("steps");
    if (steps == nullptr) return nullptr;
    if (steps->kind != Node::Kind::list) {
      problems_.error(
          Code::wrong_type, *steps,
          fmt::format("'steps' takes a list of steps, not {} (start each step with '- ')", kind_phrase(steps->kind)));
      return nullptr;
    }
    if (steps->items.empty())
      problems_.error(Code::empty_value, *steps, "'steps' is empty (a plan needs at least one step, e.g. - load)");
    if (steps->items.size() > kMostSteps) {
      problems_.error(Code::plan_too_large, *steps,
                      fmt::format("a plan has at most {} steps, not {}", kMostSteps, steps->items.size()));
      return nullptr;
    }
    return &steps->items;
  }

  void read_axes(MapReader &reader) {
    guests_ = read_guest_axes(guest_, overrides_, scope_);
    read_kernels(reader);
    axes_ = read_matrix(root_, guests_, scope_);
    if (modules_ != nullptr) choices_ = implementation_choices(*modules_, overrides_.implementations);
  }

  void read_kernels(MapReader &reader) {
    std::vector<const Node *> nodes;
    std::vector<std::string> names = reader.texts("kernel", &nodes);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) problems_.error(Code::empty_value, *nodes[i], "the kernel's name is empty");
      if (names[i].find('/') == std::string::npos) continue;
      const fs::path path = (places_.folder / names[i]).lexically_normal();
      if (names[i].size() > 1024 || !places_.allow(path))
        problems_.error(
            Code::outside_of_folder, *nodes[i],
            fmt::format("the kernel {} is outside of the plan's folder (give it with --kernel PATH)", quote(names[i])));
    }
    if (reader.has("kernel") && names.empty() && !problems_.any_error())
      reader.error(Code::empty_value, "kernel", "the list of kernels is empty");
    if (!overrides_.kernels.empty()) names = overrides_.kernels;
    for (const std::string &name : names) {
      for (const std::string &kernel : kernels_meant(name, overrides_.catalogue))
        if (std::find(kernels_.begin(), kernels_.end(), kernel) == kernels_.end()) kernels_.push_back(kernel);
    }
    if (kernels_.empty()) kernels_ = {""};
  }

  bool check_size() {
    std::size_t cases = 0;
    for (const CpuLayout &cpus : guests_.cpus) {
      for (const NumaLayout &numa : guests_.numa) {
        std::size_t of_guest = kernels_.size() * choices_.size();
        for (const Axis &axis : axes_) of_guest = std::min(of_guest * most_values(axis, cpus, numa), kMostCases + 1);
        cases += of_guest;
      }
    }
    if (cases > kMostCases) {
      const Node *last = axes_.empty() ? nullptr : axes_.back().name;
      problems_.error(Code::plan_too_large, last == nullptr ? root_ : *last,
                      fmt::format("the matrix has more than {} cases", kMostCases));
      return false;
    }
    if (cases * root_.weight > kLargestExpansion) {
      problems_.error(Code::plan_too_large, root_,
                      fmt::format("the plan unfolds to too much: {} cases of so many steps", cases));
      return false;
    }
    return true;
  }

  bool expand_guest(const std::string &kernel, const CpuLayout &cpus, const NumaLayout &numa, Plan &plan) {
    const Point guest = guest_point(cpus, numa);
    Point base = guest;
    base.emplace_back("kernel", kernel.empty() ? "default" : kernel);
    scope_.variables = base;
    scope_.cpus = guests_.known ? cpus.cpus : 0;
    std::vector<std::vector<std::string>> values;
    values.reserve(axes_.size());
    for (const Axis &axis : axes_) values.push_back(values_of(axis, cpus, numa, scope_));
    std::vector<std::size_t> at(axes_.size(), 0);
    while (true) {
      Point point = guest;
      scope_.variables = base;
      for (std::size_t i = 0; i < axes_.size(); ++i) {
        point.emplace_back(axes_[i].name->text, values[i][at[i]]);
        scope_.variables.push_back(point.back());
      }
      if (!kernel.empty()) point.emplace_back("kernel", kernel);
      for (const Implementation &one : *chosen_) point.emplace_back(one.module, one.path.string());
      Case next;
      next.kernel = kernel;
      next.guest = read_guest(guest_, cpus, numa, overrides_, scope_, next.needs);
      // After those of the matrix: a variable with one of these names shaped this guest.
      for (auto &variable : shape_variables(next.guest)) scope_.variables.push_back(std::move(variable));
      add_case(std::move(next), point, plan);
      problems_.next_case();
      if (problems_.full()) return false;
      std::size_t axis = axes_.size();
      while (axis > 0 && ++at[axis - 1] == values[axis - 1].size()) at[--axis] = 0;
      if (axis == 0) return true;
    }
  }

  void add_time(MapReader &reader, Case &next) const {
    const auto written = reader.choice("time");
    next.time = overrides_.time == Time::automatic ? time_of(written.value_or("")) : overrides_.time;
    next.seed = overrides_.seed;
    if (next.time != Time::virtual_time || next.guest.channel == Channel::memory) return;
    reader.error(Code::clock_needs_channel, written ? "time" : "guest",
                 fmt::format("virtual time needs the memory channel, not {}", quote(channel_name(next.guest.channel))));
  }

  static std::shared_ptr<const Schedule> schedule_from(const fs::path &file, Schedule read) {
    read.file = file;
    return std::make_shared<const Schedule>(std::move(read));
  }

  void add_schedule(MapReader &reader, Case &next) {
    const auto name = reader.text("schedule");
    if (!name) return;
    const fs::path inside = fs::path(*name).lexically_normal();
    if (inside.is_absolute() || inside.begin() == inside.end() || *inside.begin() == "..") {
      reader.error(Code::outside_of_folder, "schedule",
                   fmt::format("the schedule {} is outside of the plan's folder", quote(*name)));
      return;
    }
    if (next.time == Time::real_time || next.guest.channel != Channel::memory) {
      reader.error(Code::clock_needs_channel, "schedule",
                   "a schedule needs virtual time and the memory channel, so that it always runs in the same way");
      return;
    }
    if (!schedule_) {
      std::string problem;
      if (auto read = read_schedule(places_.folder / inside, problem))
        schedule_ = schedule_from(places_.folder / inside, std::move(*read));
      if (!schedule_) {
        reader.error(Code::bad_schedule, "schedule",
                     fmt::format("{} is not a schedule: {}", quote(*name), printable(problem)));
      }
    }
    next.time = Time::virtual_time;
    next.schedule = schedule_;
  }

  void add_case(Case next, const Point &point, Plan &plan) {
    next.plan_name = plan.name;
    next.tags = plan.tags;
    next.id = fmt::format("{} [{}]", file_.stem().string(), point_text(point));
    next.point = {point.begin(), point.end()};
    next.plan_file = file_;
    next.timeout = kDefaultTimeout;
    MapReader reader(root_, plan_table(), scope_);
    for (const std::string &name : reader.texts("kernel_modules")) {
      if (!is_module_name(name))
        reader.error(Code::bad_name, "kernel_modules", fmt::format("{} cannot be the name of a module", quote(name)));
      next.kernel_modules.push_back(name);
    }
    next.files = read_files(root_, places_, scope_);
    next.packages = read_packages(reader);
    next.params = overrides_.params;
    next.implementations = *chosen_;
    if (const auto timeout = reader.duration("timeout")) {
      if (timeout->count() == 0)
        reader.error(Code::out_of_range, "timeout", "the timeout of a case has to be longer than 0s");
      next.timeout = *timeout;
    }
    add_time(reader, next);
    add_schedule(reader, next);
    next.skip = reader.text("skip");
    for (Need &need : read_needs(reader)) add_need(std::move(need), next.needs);
    if (checks_ != nullptr) next.checks = read_checks(*checks_, scope_);
    next.checks.memory = next.checks.memory || overrides_.check_memory;
    if (overrides_.check_races != Races::none) next.checks.races = overrides_.check_races;
    if (expect_ != nullptr) next.expect = read_expect(*expect_, scope_);
    if (modules_ != nullptr) {
      if (!known_modules_) {
        const std::size_t before = problems_.errors();
        next.modules = read_modules(*modules_, places_, scope_, *chosen_);
        for (ModuleSource &module : next.modules) {
          module.build.make.insert(module.build.make.end(), overrides_.make.begin(), overrides_.make.end());
          module.build.scripts = overrides_.build_scripts;
        }
        if (problems_.errors() != before) scope_.modules_known = false;
        if (!modules_->variables) known_modules_ = next.modules;
      } else {
        next.modules = *known_modules_;
      }
    } else {
      scope_.modules_known = false;
    }
    add_steps(next);
    if (fail_ != nullptr) next = with_fault(std::move(next), read_fault(*fail_, scope_));
    if (!problems_.any_error()) plan.cases.push_back(std::move(next));
  }

  /// Adds the steps. Those that are equal in every case are read in the first and copied after that.
  void add_steps(Case &next) {
    if (steps_ == nullptr) return;
    known_steps_.resize(steps_->size());
    StepReader reader(next.modules, scope_);
    next.steps.reserve(steps_->size() + 1);
    for (std::size_t i = 0; i < steps_->size(); ++i) {
      if (problems_.full()) return;
      if (known_steps_[i] && reader.reuse(*known_steps_[i])) {
        next.steps.push_back(*known_steps_[i]);
        continue;
      }
      const Node &item = (*steps_)[i];
      auto step = reader.read(item);
      if (!step) continue;
      const bool depends = item.variables || (modules_ != nullptr && modules_->variables) || step->key == "unload" ||
                           step->key == "cpu" || step->key == "ps";
      if (!depends) known_steps_[i] = *step;
      next.steps.push_back(std::move(*step));
    }
    if (auto unload = reader.final_unload(key_of("steps"))) next.steps.push_back(std::move(*unload));
    if (root_.find("timeout") == nullptr) next.timeout += time_for_all(next.steps);
  }

  const Node &key_of(const std::string &name) const {
    for (const auto &[key, value] : root_.entries)
      if (key.text == name) return key;
    return root_;
  }

  void warn_unused() {
    for (const Axis &axis : axes_)
      if (!scope_.used.contains(axis.name->text))
        problems_.warning(Code::unused_variable, *axis.name,
                          fmt::format("the variable '{}' is not used (write \"${{{}}}\" where it is meant)",
                                      printable(axis.name->text), printable(axis.name->text)));
  }

  const Node &root_;
  const fs::path &file_;
  const Overrides &overrides_;
  const Source &source_;
  Problems &problems_;
  Scope scope_;
  Places places_;
  const Node *guest_ = nullptr;
  const Node *checks_ = nullptr;
  const Node *expect_ = nullptr;
  const Node *fail_ = nullptr;
  const Node *modules_ = nullptr;
  const std::vector<Node> *steps_ = nullptr;
  GuestAxes guests_;
  std::vector<std::string> kernels_;
  std::vector<Axis> axes_;
  std::vector<std::vector<Implementation>> choices_{{}};
  const std::vector<Implementation> *chosen_ = nullptr;  ///< one of them
  std::shared_ptr<const Schedule> schedule_;
  std::optional<std::vector<ModuleSource>> known_modules_;
  std::vector<std::optional<Step>> known_steps_;
};

}  // namespace

std::string point_text(const std::vector<std::pair<std::string, std::string>> &point) {
  std::string out;
  for (const auto &[name, value] : point) {
    if (!out.empty()) out += ' ';
    // Different points have different texts: ids must be unique.
    std::string shown;
    bool quoted = value.empty();
    for (const char c : value) {
      quoted = quoted || std::string_view(" []=\"\\").find(c) != std::string_view::npos;
      if (c == '"' || c == '\\') shown += '\\';
      if (std::iscntrl(static_cast<unsigned char>(c)) != 0) {
        shown += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        quoted = true;
      } else {
        shown += c;
      }
    }
    out += name + "=" + (quoted ? '"' + shown + '"' : shown);
  }
  return out;
}

std::optional<Plan> expand(const Node &root, const fs::path &file, const Overrides &overrides, const Source &source,
                           Problems &problems) {
  Expansion expansion(root, file, overrides, source, problems);
  return expansion.run();
}

std::vector<std::string> kernels_meant(const std::string &name, const std::vector<std::string> &catalogue) {
  if (name == "all" && !catalogue.empty()) return catalogue;
  if (name.find('/') != std::string::npos || name.find_first_of("*?[") == std::string::npos) return {name};
  std::vector<std::string> kernels;
  std::copy_if(catalogue.begin(), catalogue.end(), std::back_inserter(kernels),
               [&name](const std::string &known) { return fnmatch(name.c_str(), known.c_str(), 0) == 0; });
  return kernels.empty() ? std::vector{name} : kernels;
}

}  // namespace kmodtest::plan
