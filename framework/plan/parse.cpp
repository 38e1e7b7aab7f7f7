// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/guest_limits.hpp"
#include "plan/diagnostics.hpp"
#include "plan/expand.hpp"
#include "plan/parse_yaml.hpp"
#include "plan/plan.hpp"

namespace kmodtest::plan {
namespace {

void check_overrides(const Overrides &overrides) {
  for (const int cpus : overrides.cpus)
    if (cpus < 1 || cpus > base::kMostGuestCpus)
      throw base::UsageError(base::Code::bad_option_value,
                             fmt::format("a guest has from 1 to {} CPUs, not {}", base::kMostGuestCpus, cpus),
                             "give --cpus a number such as 4");
  if (overrides.memory_mib &&
      (*overrides.memory_mib < base::kLeastGuestMemoryMib || *overrides.memory_mib > base::kMostGuestMemoryMib))
    throw base::UsageError(base::Code::bad_option_value,
                           fmt::format("a guest has from {}M to {}G of memory, not {}M", base::kLeastGuestMemoryMib,
                                       base::kMostGuestMemoryMib / 1024, *overrides.memory_mib),
                           "give --memory a size such as 256M");
}

}  // namespace

ParseResult parse_plan_text(const std::string &text, const std::filesystem::path &file, const Overrides &overrides) {
  check_overrides(overrides);
  const Source source(file.string(), text);
  Problems problems(source);
  ParseResult result;
  if (auto root = parse_yaml(text, source, problems)) {
    if (root->kind == Node::Kind::null)
      problems.error_at(Code::not_a_plan, 0, 0, 1, "the plan is empty (a plan needs at least 'module' and 'steps')");
    else if (root->kind != Node::Kind::map)
      problems.error(
          Code::not_a_plan, *root,
          fmt::format("a plan is a map with keys such as 'module' and 'steps', not {}", kind_phrase(root->kind)));
    else
      result.plan = expand(*root, file, overrides, source, problems);
    const auto tree = std::make_shared<const Node>(std::move(*root));
    if (result.plan)
      for (Case &each : result.plan->cases) each.tree = tree;
  }
  if (problems.any_error()) result.plan.reset();
  result.diagnostics = problems.take();
  return result;
}

ParseResult parse_plan_file(const std::filesystem::path &file, const Overrides &overrides) {
  const auto unreadable = [&](int error) {
    return base::UsageError(
        base::Code::plan_unreadable,
        fmt::format("cannot read the plan {}: {}", file.string(), std::generic_category().message(error)),
        "give the path of a .yaml file that you may read");
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) throw unreadable(EISDIR);
  // Opening a FIFO would wait for a writer.
  if (std::filesystem::is_fifo(file, error)) throw unreadable(ESPIPE);
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw unreadable(errno != 0 ? errno : EIO);
  std::string text(kLargestFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw unreadable(EIO);
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parse_plan_text(text, file, overrides);
}

}  // namespace kmodtest::plan
