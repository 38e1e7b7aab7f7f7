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
  return [shell] {
    fmt::print("{}", *shell == "bash" ? bash_stub() : *shell == "zsh" ? zsh_stub() : fish_stub());
    return 0;
  };
}

}  // namespace kmodtest::cli
