// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/command_tree.hpp"
#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

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

}  // namespace kmodtest::cli
