// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <memory>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/command_tree.hpp"
#include "cli/completions/completions.hpp"
#include "cli/manual.hpp"
#include "storage/output_file.hpp"

#ifndef KMODTEST_DATE
#define KMODTEST_DATE ""
#endif

namespace kmodtest::cli {

namespace {

/// What the pages say beyond the summaries of the commands. A paragraph a line.
std::string page_description(const std::string &command) {
  static const std::map<std::string, std::string> kTexts = {
      {"",
       "kmodtest boots a small Linux guest under QEMU, loads a kernel module in it, carries out the steps of a plan "
       "and "
       "judges what the kernel did: log, threads, scheduling, what is left after the unload. A guest is booted once "
       "and "
       "restored for every case, so that no case sees what another one did, and nothing touches the kernel of the "
       "machine.\n"
       "Begin with `kmodtest doctor`, which says what this machine lacks, and `kmodtest run my-module.ko`."},
      {"run",
       "Runs plans, or modules without a plan, in guests, and reports what became of each case. A plan has one case "
       "for "
       "each point of its matrix. A module without a plan is loaded, watched for a second and unloaded.\n"
       "A folder of a module is built against the headers of the guest's kernel; the folder itself stays clean."},
      {"watch",
       "Runs the cases, and then again those that a saved file touches: a plan, a source of a module, a .ko. Guests "
       "stay "
       "between the rounds. Keys run all again or end it; a line at the bottom says which."},
      {"new",
       "Makes a folder with a small module that works, a plan for it, and a file for CI. All of it is meant to be "
       "changed. Nothing is overwritten."},
      {"rerun",
       "Runs one case again from the folder that it left: with the same plan, modules, kernel and seed. It says "
       "whether "
       "the guest did the same to the last bit. The folder may come from another machine."},
      {"shell",
       "Opens a guest that has the modules of a plan in /modules, and a shell in it on this terminal. Commands may "
       "also "
       "come through a pipe. Nothing is kept of the guest.\n"
       "With --attach, the guest is one that a run keeps (kmodtest run --pause-on-failure)."},
      {"list", "Prints the id of each case that a run with the same options would have, one a line."},
      {"lint",
       "Reads plans as a run would, and tells all that is wrong with them, with the place in the file. Starts no "
       "guest."},
      {"schema",
       "Prints the JSON Schema (draft 2020-12) of plans, by which editors complete and check them while they are "
       "written."},
      {"kernels",
       "Kernels come from the Debian mirror that the apt of this machine uses. They are unpacked into the cache with "
       "their headers; nothing is installed, and no root is needed."},
      {"cache",
       "Kernels, built modules and snapshots of booted guests are kept between runs. All of it may be removed at any "
       "time when no kmodtest runs: it is made again."},
      {"explain",
       "Each error has a code, such as K0601. This prints what the error means, how one gets there, how to mend it, "
       "and "
       "an example. Without a code it lists all errors."},
      {"doctor",
       "Looks at all that kmodtest needs of this machine, and says for each thing that is missing by which command it "
       "is "
       "mended. Changes nothing but the cache. The exit status is 1 when something is missing without which nothing "
       "runs."},
      {"completions",
       "Prints the script by which a shell completes the command line. An installed kmodtest has them at the usual "
       "places already.\n"
       "For bash: kmodtest completions bash > ~/.local/share/bash-completion/completions/kmodtest\n"
       "For zsh, into a folder of $fpath: kmodtest completions zsh > ~/.zfunc/_kmodtest\n"
       "For fish: kmodtest completions fish > ~/.config/fish/completions/kmodtest.fish"},
      {"man", "Prints a manual page of kmodtest in the format of man(7): kmodtest man run | man -l -"},
  };
  const auto found = kTexts.find(command);
  return found == kTexts.end() ? "" : found->second;
}

std::vector<ManualPage> all_pages(const CLI::App &app) {
  return manual_pages(tree_of(root_of(app)), {kVersion, KMODTEST_DATE, page_description});
}

int print_page(const CLI::App &app, const std::string &command) {
  const std::string root = root_of(app).get_name();
  const std::string wanted = (command.empty() || command == root ? root : root + "-" + command) + ".1";
  for (const ManualPage &page : all_pages(app)) {
    if (page.file != wanted) continue;
    fmt::print("{}", page.text);
    return 0;
  }
  throw base::UsageError(base::Code::unknown_option, fmt::format("there is no command '{}'", command),
                         root + " --help lists the commands");
}

int write_pages(const CLI::App &app, const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const ManualPage &page : all_pages(app)) storage::write_whole(folder / page.file, page.text);
  return 0;
}

}  // namespace

std::function<int()> add_completions(CLI::App &app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "the shell")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell, &app] {
    const CommandTree tree = tree_of(root_of(app));
    fmt::print("{}", *shell == "bash"  ? bash_completion(tree)
                     : *shell == "zsh" ? zsh_completion(tree)
                                       : fish_completion(tree));
    return 0;
  };
}

std::function<int()> add_man(CLI::App &app) {
  auto command = std::make_shared<std::string>();
  auto folder = std::make_shared<std::filesystem::path>();
  app.add_option("command", *command, "the command that the page is about (default: kmodtest itself)")
      ->type_name("COMMAND");
  app.add_option("--output", *folder, "write all pages into this folder instead")->type_name("DIR");
  return [command, folder, &app] { return folder->empty() ? print_page(app, *command) : write_pages(app, *folder); };
}

}  // namespace kmodtest::cli
