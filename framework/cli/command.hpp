// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "plan/plan.hpp"
#include "run/select/collect.hpp"

/// The command line. Each subcommand is a file NAME_command.cpp and a line in the table of commands.cpp.
namespace kmodtest::cli {

/// The version of kmodtest: "0.1.0".
extern const char *const kVersion;

/// Adds the options of a subcommand to `app`. Returns the action of the subcommand, which returns the exit code.
using AddCommand = std::function<std::function<int()>(CLI::App &app)>;

struct Command {
  const char *name;
  const char *summary;
  AddCommand add;
};

/// Lists the subcommands, in the order of --help.
const std::vector<Command> &commands();

std::function<int()> add_run(CLI::App &app);
std::function<int()> add_merge(CLI::App &app);
std::function<int()> add_pack(CLI::App &app);
std::function<int()> add_unpack(CLI::App &app);
std::function<int()> add_watch(CLI::App &app);
std::function<int()> add_new(CLI::App &app);
std::function<int()> add_rerun(CLI::App &app);
std::function<int()> add_explore(CLI::App &app);
std::function<int()> add_replay(CLI::App &app);
std::function<int()> add_shell(CLI::App &app);
std::function<int()> add_list(CLI::App &app);
std::function<int()> add_lint(CLI::App &app);
std::function<int()> add_schema(CLI::App &app);
std::function<int()> add_kernels(CLI::App &app);
std::function<int()> add_cache(CLI::App &app);
std::function<int()> add_explain(CLI::App &app);
std::function<int()> add_doctor(CLI::App &app);
std::function<int()> add_completions(CLI::App &app);
std::function<int()> add_man(CLI::App &app);

/// The options that override the matrix of a plan, shared by run, list and lint.
struct PlanOptions {
  std::vector<std::filesystem::path> inputs;
  std::vector<int> cpus;
  std::vector<std::string> topologies;
  std::vector<std::string> kernels;
  std::string memory;
  std::string time;
  std::uint64_t seed = 0;
  std::optional<std::uint32_t> load_cycles;
  std::vector<std::filesystem::path> module_roots;
  std::vector<std::string> make, modules;
  std::vector<std::string> params;
  bool build_scripts = false;
  bool check_memory = false;
  std::string check_races;  ///< a way to find data races; empty: none
  bool strict = false;
  std::uint64_t failing_call = 0;
  std::vector<std::string> ids, patterns, tags;

  void add_to(CLI::App &app);
  /// Throws base::UsageError for an invalid value, such as an invalid memory size.
  plan::Overrides overrides() const;
};

/// Adds the whole command line to an app named "kmodtest". Parsing sets `chosen` to the action of the subcommand.
void add_commands(CLI::App &app, std::function<int()> &chosen);

/// Parses argv, runs the chosen subcommand and prints errors to stderr. Returns the exit code for main().
int run_command_line(int argc, const char *const *argv);

/// Prints the diagnostics of plans to stderr, and how to get explanations. Returns true when there are errors.
bool print_diagnostics(const run::Collected &collected);

/// Renders any exception: "kmodtest: error[K0601]: …\n  hint: …\n  more: kmodtest explain K0601\n".
std::string render_error(const std::exception &error);
int exit_code_of(const std::exception &error);

}  // namespace kmodtest::cli
