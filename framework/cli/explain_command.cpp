// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

#include "base/error.hpp"
#include "base/error_index.hpp"
#include "cli/command.hpp"

namespace kmodtest::cli {

namespace {

/// Returns a width for easy reading: that of the terminal, but at most that of a book.
std::size_t text_width() {
  constexpr std::size_t kWidest = 88, kNarrowest = 40;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidest;
  return std::clamp<std::size_t>(size.ws_col, kNarrowest, kWidest);
}

base::UsageError unknown(const std::string &name) {
  const base::ErrorText *nearest = base::nearest_error(name);
  return base::UsageError(base::Code::unknown_code, fmt::format("unknown error code '{}'", name),
                          nearest == nullptr
                              ? std::string("kmodtest explain without a code lists all of them")
                              : fmt::format("did you mean {} ({})?", base::name_of(nearest->code), nearest->title));
}

int explain_codes(const std::vector<std::string> &names) {
  if (names.empty()) {
    fmt::print("{}\nkmodtest explain CODE explains one of them.\n", base::list_errors());
    return 0;
  }
  std::vector<const base::ErrorText *> texts;
  for (const std::string &name : names) {
    texts.push_back(base::text_of(name));
    if (texts.back() == nullptr) throw unknown(name);
  }
  for (const base::ErrorText *text : texts)
    fmt::print("{}{}", text == texts.front() ? "" : "\n", base::explain(*text, text_width()));
  return 0;
}

}  // namespace

std::function<int()> add_explain(CLI::App &app) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto markdown = std::make_shared<bool>(false);
  app.add_option("code", *names, "error codes, such as K0601 (default: list all of them)")->type_name("CODE");
  app.add_flag("--markdown", *markdown, "print docs/errors.md");
  return [names, markdown] {
    if (!*markdown) return explain_codes(*names);
    fmt::print("{}", base::errors_markdown());
    return 0;
  };
}

}  // namespace kmodtest::cli
