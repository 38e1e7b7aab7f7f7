// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/moved_paths.hpp"

#include <filesystem>
#include <memory>
#include <utility>

#include "text/replace.hpp"

namespace kmodtest::shards {

namespace {

class Remover {
 public:
  explicit Remover(const std::string &root) : root_(root) {}

  void remove(std::string &text) const {
    if (text::contains(text, root_)) text = text::replaced(std::move(text), root_, "");
  }
  void remove(std::filesystem::path &path) const {
    std::string text = path.string();
    remove(text);
    path = text;
  }
  void remove(plan::Case &test_case) const {
    remove(test_case.plan_file);
    remove(test_case.input);
    for (auto &module : test_case.modules) remove(module.path);
    for (auto &one : test_case.implementations) remove(one.path);
    for (auto &companion : test_case.companions) remove(companion.path);
    for (auto &step : test_case.steps) remove(step.where.file);
  }
  void remove(judge::Evidence &evidence) const {
    for (std::string *text : {&evidence.where.file, &evidence.source, &evidence.summary, &evidence.expected,
                              &evidence.seen, &evidence.hint})
      remove(*text);
    for (std::string &line : evidence.details) remove(line);
    for (std::string &line : evidence.trace) remove(line);
  }

 private:
  const std::string &root_;
};

}  // namespace

plan::Case without_root(plan::Case test_case, const std::string &root) {
  if (!root.empty()) Remover(root).remove(test_case);
  return test_case;
}

void remove_root(outcome::CaseFinished &finished, const std::string &root) {
  if (root.empty()) return;
  const Remover remover(root);
  finished.test_case = std::make_shared<plan::Case>(without_root(*finished.test_case, root));
  for (judge::Evidence &evidence : finished.verdict.evidence) remover.remove(evidence);
  remover.remove(finished.build_log);
}

}  // namespace kmodtest::shards
