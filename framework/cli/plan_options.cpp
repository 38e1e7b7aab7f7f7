// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fmt/core.h>
#include <glob.h>
#include <string>

#include "base/error.hpp"
#include "base/guest_limits.hpp"
#include "cli/command.hpp"
#include "kernel/kernel.hpp"
#include "plan/guest_axes.hpp"
#include "plan/parameter_setting.hpp"
#include "storage/cache_folder.hpp"
#include "text/module_name.hpp"
#include "text/size.hpp"

namespace kmodtest::cli {

namespace {

/// Converts "512M" or "1G" to MiB.
std::uint32_t memory_in_mib(const std::string &text) {
  constexpr std::uint64_t kMebibyte = 1u << 20;
  const std::uint64_t bytes = text::size_in_bytes(text).value_or(0);
  const std::uint64_t mib = bytes / kMebibyte;
  if (mib == 0 || bytes % kMebibyte != 0 || mib > base::kMostGuestMemoryMib) {
    throw base::UsageError(base::Code::bad_option_value,
                           fmt::format("--memory takes a size such as 512M or 1G, not '{}'", text));
  }
  return static_cast<std::uint32_t>(mib);
}

/// Returns the kernels that `all` and patterns stand for: those that need no build.
std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (auto &entry : kernel::read_catalogue(storage::data_folder() / "kernels.yaml"))
    if (!entry.is_built()) names.push_back(std::move(entry.name));
  return names;
}

/// Returns what is wrong with a value of --make; empty if nothing is.
std::string is_make_variable(const std::string &text) {
  const std::size_t equals = text.find('=');
  const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const bool named = equals != std::string::npos && equals > 0 &&
                     std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), allowed);
  return named ? std::string() : fmt::format("'{}' is not of the form VAR=VALUE", text);
}

/// Returns the files and folders that a path of --module NAME=PATH names. Throws base::UsageError if there are none.
std::vector<plan::Implementation> implementations_of(const std::string &name, const std::string &pattern) {
  ::glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOMAGIC, nullptr, &found);
  std::vector<plan::Implementation> all;
  std::error_code ignored;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    if (std::filesystem::exists(found.gl_pathv[i], ignored))
      all.push_back({.module = text::lsmod_name(name), .path = found.gl_pathv[i]});
  }
  ::globfree(&found);
  if (!all.empty() && !name.empty()) return all;
  throw base::UsageError(base::Code::bad_option_value,
                         fmt::format("--module {}={}: there is no such file or folder", name, pattern),
                         "write NAME=PATH; PATH is a folder that builds the module, its .ko, or a pattern");
}

}  // namespace

void PlanOptions::add_to(CLI::App &app) {
  app.add_option("input", inputs,
                 "plans (.yaml), folders of plans, modules (a folder that builds them, .ko files, a folder or an "
                 "archive of them)")
      ->required()
      ->type_name("PLAN|FOLDER|MODULE");
  // One value each: the next word is an input.
  app.add_option("--cpus", cpus, "CPU counts of the guests, instead of the plan's")
      ->delimiter(',')
      ->check(CLI::Range(1, plan::kMostCpus))
      ->type_name("N[,N…]")
      ->allow_extra_args(false);
  app.add_option("--topology", topologies, "sockets, cores and threads of the guests' CPUs, instead of the plan's")
      ->delimiter(',')
      ->type_name("SxCxT[,…]")
      ->allow_extra_args(false);
  app.add_option(
         "--kernel", kernels,
         "kernels of the catalogue (also 'all' or a pattern), 'host', or paths of kernels, instead of the plan's")
      ->delimiter(',')
      ->type_name("KERNEL[,…]")
      ->allow_extra_args(false);
  app.add_option("--memory", memory, "memory of the guests, instead of the plan's")->type_name("SIZE");
  app.add_option("--time", time, "the clock of the guests, instead of the plan's")
      ->check(CLI::IsMember({"virtual", "real", "deterministic"}))
      ->type_name("virtual|real");
  app.add_flag_callback(
      "--deterministic", [this] { time = "deterministic"; }, "the same as --time virtual");
  app.add_option("--seed", seed, "seed of the guests' random pools and start moments, under virtual time")
      ->check(CLI::Range(std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()))
      ->type_name("S");
  app.add_option("--load-cycles", load_cycles,
                 "for modules without a plan: load and unload this many times (10 to 10000; default 10), and check "
                 "what grows; 1: do not")
      ->check(CLI::Range(10, 10'000) | CLI::Range(1, 1))
      ->type_name("N");
  app.add_option("--modules", module_roots, "more folders in which plans look for modules")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_option("--module", modules,
                 "for a folder without a plan: only this module, and what it needs; NAME=PATH: for plans, take this "
                 "module in place of theirs (a glob: each that matches, as an axis of the matrix); can be repeated")
      ->type_name("NAME[=PATH]")
      ->allow_extra_args(false);
  app.add_option("--param", params,
                 "a parameter for the modules that have it, or for one (MODULE.NAME=VALUE); can be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--make", make, "a variable for the build of the modules (can be repeated)")
      ->type_name("VAR=VALUE")
      ->check(is_make_variable)
      ->allow_extra_args(false);
  app.add_flag("--build-scripts", build_scripts,
               "run what a build needs besides make on this machine: PRE_BUILD and shell commands of a dkms.conf, "
               "'before' of a plan");
  app.add_flag("--check-memory", check_memory,
               "follow what the modules allocate, and name what is left (checks: {memory: true})");
  app.add_flag(
         "--races{meet}", check_races,
         "find accesses of several threads to the same memory that nothing keeps apart (checks: {races: true}), or "
         "that nothing puts in an order (--races=order); emulates")
      ->check(CLI::IsMember({"meet", "order"}));
  app.add_flag(
      "--strict", strict,
      "let the kernel check the memory that it frees: slub_debug=FZP, and page_poison=1 and KFENCE where it has "
      "them");
  app.add_option("--fail", failing_call, "let this call of the modules fail (--fail-each shows the numbers)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->type_name("N");
  app.add_option("--case", ids, "only the case with this id (can be repeated)")
      ->type_name("ID")
      ->allow_extra_args(false);
  app.add_option("--filter", patterns, "only cases whose id contains this text or matches this glob")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  app.add_option("--tag", tags, "only plans with this tag")->type_name("TAG")->allow_extra_args(false);
}

plan::Overrides PlanOptions::overrides() const {
  plan::Overrides overrides;
  overrides.cpus = cpus;
  for (const std::string &text : topologies) {
    plan::Value<plan::CpuLayout> topology = plan::parse_topology(text);
    if (!topology.value)
      throw base::UsageError(base::Code::bad_option_value, topology.error, "give --topology one such as 2x4x1");
    overrides.topologies.push_back(std::move(*topology.value));
  }
  overrides.kernels = kernels;
  overrides.catalogue = catalogue_names();
  if (!memory.empty()) overrides.memory_mib = memory_in_mib(memory);
  overrides.time = plan::time_of(time);
  overrides.seed = seed;
  overrides.load_cycles = load_cycles;
  overrides.module_roots = module_roots;
  overrides.make = make;
  for (const std::string &text : modules) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      overrides.modules.push_back(text);
    } else {
      for (auto &one : implementations_of(text.substr(0, equals), text.substr(equals + 1)))
        overrides.implementations.push_back(std::move(one));
    }
  }
  overrides.build_scripts = build_scripts;
  for (const std::string &text : params) {
    plan::Value<plan::ParameterSetting> setting = plan::parse_parameter(text);
    if (!setting.value)
      throw base::UsageError(base::Code::bad_option_value, setting.error, "give --param one such as debug=1");
    overrides.params.push_back(std::move(*setting.value));
  }
  overrides.check_memory = check_memory;
  overrides.check_races = plan::races_of(check_races);
  overrides.strict = strict;
  overrides.failing_call = failing_call;
  return overrides;
}

}  // namespace kmodtest::cli
