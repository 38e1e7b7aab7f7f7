// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <exception>

#include "base/environment.hpp"
#include "cli/completions/completions.hpp"
#include "kernel/kernel.hpp"
#include "run/select/collect.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

/// Stubs pass the words as they are written, so a '~' has not been replaced by the shell.
fs::path without_tilde(const fs::path &written) {
  const std::string home = base::variable("HOME");
  const std::string text = written.string();
  return !home.empty() && text.starts_with("~/") ? fs::path(home) / text.substr(2) : written;
}

}  // namespace

std::vector<Candidate> kernel_candidates() {
  std::vector<Candidate> candidates;
  try {
    for (const auto &entry : kernel::read_catalogue(storage::data_folder() / "kernels.yaml"))
      candidates.push_back({entry.name, entry.description});
  } catch (const std::exception &) {
    candidates.clear();  // a run reports what is wrong with the catalogue
  }
  candidates.push_back({"host", "the kernel of this machine"});
  return candidates;
}

std::vector<Candidate> case_candidates(const std::vector<fs::path> &inputs) {
  std::vector<Candidate> candidates;
  for (const fs::path &input : inputs) {
    try {
      for (const plan::Plan &plan : run::collect_plans({without_tilde(input)}, {}).plans) {
        for (const plan::Case &test_case : plan.cases) candidates.push_back({test_case.id, ""});
      }
    } catch (const std::exception &) {
      continue;  // the cases of the other inputs can still be completed
    }
  }
  return candidates;
}

int print_answer(const CLI::App &app, const std::vector<std::string> &arguments) {
  try {
    const auto words = arguments.begin() + (!arguments.empty() && arguments.front() == "--" ? 1 : 0);
    const NameSources sources{kernel_candidates, case_candidates};
    std::fputs(answer_text(complete(tree_of(app), {words, arguments.end()}, sources)).c_str(), stdout);
  } catch (const std::exception &) {
    return 0;  // no candidates
  }
  return 0;
}

}  // namespace kmodtest::cli
