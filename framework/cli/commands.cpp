// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <fmt/ranges.h>
#include <set>
#include <string>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/completions/completions.hpp"
#include "cli/help_texts.hpp"
#include "cli/ssh_engine.hpp"
#include "cli/usage_errors.hpp"
#include "run/runner.hpp"

#ifndef KMODTEST_VERSION
#define KMODTEST_VERSION "unknown"
#endif

namespace kmodtest::cli {

const char *const kVersion = KMODTEST_VERSION;

const std::vector<Command> &commands() {
  static const std::vector<Command> commands = {
      {"run", "run plans or modules in guests", add_run},
      {"merge", "make one run of the results of shards", add_merge},
      {"pack", "put what a run needs into one file for other machines", add_pack},
      {"unpack", "take what a run needs from the file of another machine", add_unpack},
      {"watch", "run plans, and run cases again when a file is saved", add_watch},
      {"new", "create a module to start with: source, Kbuild, plan, CI file", add_new},
      {"rerun", "run a case again from its folder", add_rerun},
      {"explore", "find the schedule that breaks a module", add_explore},
      {"replay", "run a failing schedule again from its folder", add_replay},
      {"shell", "open a guest with modules, and a shell in it", add_shell},
      {"list", "list the cases of plans", add_list},
      {"lint", "check plans without running them", add_lint},
      {"schema", "print the JSON Schema of plans or of what a run writes", add_schema},
      {"kernels", "list, fetch or build the kernels of the catalogue", add_kernels},
      {"cache", "list, prune or clear the cache", add_cache},
      {"explain", "explain an error code and how to fix it", add_explain},
      {"doctor", "check what this machine has and lacks", add_doctor},
      {"completions", "print the completion script of a shell", add_completions},
      {"man", "print a manual page", add_man},
  };
  return commands;
}

std::string render_error(const std::exception &error) {
  const auto *ours = dynamic_cast<const base::Error *>(&error);
  const std::string code = base::name_of(ours ? ours->code() : base::Code::defect);
  std::string text = fmt::format("kmodtest: error[{}]: {}\n", code, error.what());
  if (ours && !ours->hint().empty()) text += fmt::format("  hint: {}\n", ours->hint());
  return text + fmt::format("  more: kmodtest explain {}\n", code);
}

bool print_diagnostics(const run::Collected &collected) {
  std::set<std::string> codes;
  for (const auto &diagnostic : collected.diagnostics) {
    std::fputs(diagnostic.str().c_str(), stderr);
    codes.insert(base::name_of(diagnostic.code));
  }
  if (!codes.empty()) fmt::print(stderr, "  more: kmodtest explain {}\n", fmt::join(codes, " "));
  return collected.has_errors();
}

int exit_code_of(const std::exception &error) {
  if (dynamic_cast<const base::Interrupted *>(&error)) return static_cast<int>(run::ExitCode::interrupted);
  const auto *ours = dynamic_cast<const base::Error *>(&error);
  const bool usage = ours && ours->blame() == base::Blame::usage;
  return static_cast<int>(usage ? run::ExitCode::usage : run::ExitCode::infrastructure);
}

void add_commands(CLI::App &app, std::function<int()> &chosen) {
  app.set_version_flag("--version", std::string("kmodtest ") + kVersion);
  app.require_subcommand(1);
  app.footer(help_footer());
  for (const Command &command : commands()) {
    CLI::App *subcommand = app.add_subcommand(command.name, command.summary);
    const auto action = command.add(*subcommand);
    subcommand->callback([&chosen, action] { chosen = action; });
  }
}

int run_command_line(int argc, const char *const *argv) {
  CLI::App app{"Tests Linux kernel modules in throw-away QEMU guests.", "kmodtest"};
  std::function<int()> chosen;
  add_commands(app, chosen);
  // CLI11 would read the words that follow as its own.
  if (argc > 1 && argv[1] == kCompleteCommand) return print_answer(app, {argv + 2, argv + argc});
  try {
    if (argc > 1 && argv[1] == kHostCommand) return serve_host({argv + 2, argv + argc});
  } catch (const std::exception &error) {
    std::fputs(render_error(error).c_str(), stderr);
    return exit_code_of(error);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::fputs(render_error(usage_error(app, error)).c_str(), stderr);
    return static_cast<int>(run::ExitCode::usage);
  }
  try {
    return chosen();
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fputs(render_error(error).c_str(), stderr);
    return exit_code_of(error);
  }
}

}  // namespace kmodtest::cli
