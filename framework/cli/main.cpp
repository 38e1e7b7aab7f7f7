// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/command.hpp"

int main(int argc, char **argv) {
  return kmodtest::cli::run_command_line(argc, argv);
}
