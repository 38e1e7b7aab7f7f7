// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/environment.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/listeners.hpp"
#include "text/number.hpp"

namespace kmodtest::report {

namespace {

constexpr int kWidest = 400;

/// Returns $COLUMNS as a number; 0 if it is not one.
int columns_wanted() {
  const int width = text::whole_number<int>(base::variable("COLUMNS")).value_or(0);
  return width > 0 && width <= kWidest ? width : 0;
}

/// Returns the terminal's size, or the usual one if it is unknown. A $COLUMNS wider than the terminal would wrap lines
/// that are drawn over.
TerminalSize size_of(int fd, int wanted) {
  TerminalSize size;
  winsize said{};
  const bool known = fd >= 0 && ioctl(fd, TIOCGWINSZ, &said) == 0;
  if (known && said.ws_col > 0) size.columns = wanted > 0 ? std::min<int>(said.ws_col, wanted) : said.ws_col;
  if (!(known && said.ws_col > 0) && wanted > 0) size.columns = wanted;
  if (known && said.ws_row > 0) size.rows = said.ws_row;
  return size;
}

/// Returns 128 random bits in hexadecimal digits.
std::string random_token() {
  std::random_device random;
  std::string token;
  for (int part = 0; part < 4; ++part) token += fmt::format("{:08x}", random() & 0xffffffffU);
  return token;
}

CiOptions ci_from_environment() {
  CiOptions ci;
  if (base::variable("GITHUB_ACTIONS") == "true") {
    ci.system = CiSystem::github;
    ci.token = random_token();
    ci.root = base::variable("GITHUB_WORKSPACE");
  } else if (base::variable("GITLAB_CI") == "true") {
    ci.system = CiSystem::gitlab;
  }
  return ci;
}

}  // namespace

ConsoleOptions console_options_from_environment(std::FILE *out) {
  ConsoleOptions options;
  options.out = out;
  const int fd = fileno(out);
  options.terminal = fd >= 0 && isatty(fd) == 1 && base::variable("TERM") != "dumb";
  options.color = options.terminal;
  const std::string forced = base::variable("CLICOLOR_FORCE");
  if (!forced.empty() && forced != "0") options.color = true;
  // NO_COLOR overrides CLICOLOR_FORCE: the user's wish counts more than a script's (no-color.org).
  if (!base::variable("NO_COLOR").empty()) options.color = false;
  const int wanted = columns_wanted();
  options.width = size_of(fd, wanted).columns;
  if (options.terminal) options.size = [fd, wanted] { return size_of(fd, wanted); };
  options.ci = ci_from_environment();
  return options;
}

}  // namespace kmodtest::report
