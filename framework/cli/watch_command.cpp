// SPDX-License-Identifier: GPL-2.0-or-later
#include <memory>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/run_command.hpp"
#include "cli/watch_session.hpp"

namespace kmodtest::cli {

namespace {

int watch_files(RunCommand &command) {
  command.watches = true;
  command.settle();
  if (command.reports.on_standard_output()) {
    throw base::UsageError(base::Code::options_exclude, "watch cannot write to standard output",
                           "name a file; it contains the latest run");
  }
  return watch(command.plans, command.options,
               [&command](run::RunOptions &told, const Cases &cases) { return command.listeners(told, cases); });
}

}  // namespace

std::function<int()> add_watch(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  command->plans.add_to(app);
  command->add_to(app);
  // These pause a run for the user, or are for several machines.
  for (const char *option : {"--gdb", "--pause-on-failure", "--shard"}) app.remove_option(app.get_option(option));
  return [command] { return watch_files(*command); };
}

}  // namespace kmodtest::cli
