// SPDX-License-Identifier: GPL-2.0-or-later
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/listeners.hpp"

namespace kmodtest::report {

namespace {

constexpr int kWidest = 400;

bool is_set(const char *name) {
  const char *value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool equals(const char *name, const char *expected) {
  const char *value = std::getenv(name);
  return value != nullptr && std::strcmp(value, expected) == 0;
}

/// $COLUMNS, else what the terminal says, else the default.
int width_of(std::FILE *out, int otherwise) {
  if (const char *value = std::getenv("COLUMNS"); value != nullptr) {
    int width = 0;
    const char *end = value + std::strlen(value);
    const auto [stop, error] = std::from_chars(value, end, width);
    if (error == std::errc() && stop == end && width > 0 && width <= kWidest) return width;
  }
  winsize size{};
  const int fd = fileno(out);
  if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return otherwise;
}

}  // namespace

ConsoleOptions console_options_from_environment(std::FILE *out) {
  ConsoleOptions options;
  options.out = out;
  const int fd = fileno(out);
  options.terminal = fd >= 0 && isatty(fd) == 1 && !equals("TERM", "dumb");
  options.color = options.terminal;
  if (is_set("CLICOLOR_FORCE") && !equals("CLICOLOR_FORCE", "0")) options.color = true;
  // A user who says no is obeyed whatever a script forces (no-color.org).
  if (is_set("NO_COLOR")) options.color = false;
  options.width = width_of(out, options.width);
  return options;
}

}  // namespace kmodtest::report
