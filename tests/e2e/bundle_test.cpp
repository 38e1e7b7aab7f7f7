// SPDX-License-Identifier: GPL-2.0-or-later
// The folder that a failed case leaves is enough to run the case again.
#include <gtest/gtest.h>
#include <sstream>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

/// Returns the one case in a run's JSON events.
nlohmann::json the_case(const fs::path &json) {
  std::istringstream lines(read_file(json));
  nlohmann::json found;
  for (std::string line; std::getline(lines, line);) {
    auto event = nlohmann::json::parse(line);
    if (event.value("event", "") == "CaseFinished") found = std::move(event);
  }
  return found;
}

/// A plan with its module in a folder that is removed with the object, and the folder of its failure, moved elsewhere.
class LeftBehind {
 public:
  explicit LeftBehind(const std::vector<std::string> &options) {
    auto source = std::make_unique<ScratchFolder>();
    fs::copy(faulty_modules() / "prints_wrong_line", source->path() / "prints_wrong_line");
    const fs::path plan =
        source->write("counts.yaml",
                      "module: prints_wrong_line\n"
                      "guest: {cpus: [1, 2]}\n"
                      "matrix: {cpu: [last]}\n"
                      "steps:\n"
                      "  - load\n"
                      "  - file: {path: /proc/self/status, contains: \"Cpus_allowed_list:\\t0-${cpu}\"}\n"
                      "  - dmesg: {in_order: [Thread started, In thread function 1], within: 500ms}\n");
    const fs::path json = scratch_.path() / "first.jsonl";
    std::vector<std::string> arguments = {"run", plan, "--case", "counts [cpus=2 cpu=1]", "--json", json};
    arguments.insert(arguments.end(), options.begin(), options.end());
    said_ = kmodtest(arguments);
    first_ = the_case(json);
    kept_ = first_.at("artifacts").get<std::string>();
    fs::copy(kept_, folder_, fs::copy_options::recursive);
  }
  LeftBehind(const LeftBehind &) = delete;
  LeftBehind &operator=(const LeftBehind &) = delete;

  const Ended &said() const { return said_; }
  const nlohmann::json &first() const { return first_; }
  const fs::path &kept() const { return kept_; }
  const fs::path &folder() const { return folder_; }
  fs::path json() const { return scratch_.path() / "again.jsonl"; }
  fs::path out() const { return scratch_.path() / "again"; }

 private:
  const ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path() / "moved";
  fs::path kept_;
  Ended said_;
  nlohmann::json first_;
};

TEST(Bundle, AFailureWithoutOutLeavesOneInTheCacheAndRunsAgainFromItToTheBit) {
  const LeftBehind left({"--seed", "7", "--memory", "320M"});
  EXPECT_EQ(left.said().exit_code, 1);
  EXPECT_NE(left.said().out.find("files: " + left.kept().string()), std::string::npos) << left.said().out;
  EXPECT_NE(left.kept().string().find("/failed/"), std::string::npos);
  EXPECT_EQ(left.first().at("outcome"), "failed");
  ASSERT_TRUE(left.first().at("digest").is_string());

  const Ended again = kmodtest({"rerun", left.folder(), "--json", left.json(), "--out", left.out()});
  const auto second = the_case(left.json());
  EXPECT_EQ(again.exit_code, 1) << again.out << again.err;
  EXPECT_EQ(second.at("digest"), left.first().at("digest"));
  EXPECT_EQ(second.at("id"), "counts [cpus=2 kernel=debian-6.1-cloud]");
  EXPECT_EQ(second.at("evidence").at(0).at("summary"), left.first().at("evidence").at(0).at("summary"));
  EXPECT_NE(
      again.out.find("\nthe digest is that of the first run: " + left.first().at("digest").get<std::string>() + "\n"),
      std::string::npos)
      << again.out;
  fs::remove_all(left.kept().parent_path());
}

TEST(Bundle, ARunOfThatRunIsTheSameStill) {
  const ScratchFolder scratch;
  const fs::path out = scratch.path() / "out";
  const LeftBehind left({"--out", out});
  EXPECT_EQ(left.kept(), out / "counts_cpus=2_cpu=1");
  const Ended again = kmodtest({"rerun", left.folder(), "--json", left.json(), "--out", left.out()});
  const fs::path next = the_case(left.json()).at("artifacts").get<std::string>();
  const Ended third = kmodtest({"rerun", next, "--repeat", "3", "--out", scratch.path() / "third"});
  EXPECT_NE(third.out.find("\nthe digest is that of the first run: "), std::string::npos) << third.out << third.err;
  EXPECT_EQ(third.exit_code, 1);
}

TEST(Bundle, ARunWithoutAPlanCanBeRunAgainToo) {
  const ScratchFolder scratch;
  const fs::path json = scratch.path() / "first.jsonl";
  const Ended first =
      kmodtest({"run", faulty_modules() / "warn_on", "--cpus", "2", "--json", json, "--out", scratch.path() / "out"});
  EXPECT_EQ(first.exit_code, 1) << first.out << first.err;
  const fs::path folder = the_case(json).at("artifacts").get<std::string>();
  const Ended again = kmodtest({"rerun", folder, "--json", json, "--out", scratch.path() / "again"});
  EXPECT_EQ(again.exit_code, 1) << again.out << again.err;
  EXPECT_EQ(the_case(json).at("id"), "warn_on [cpus=2 kernel=debian-6.1-cloud]");
  EXPECT_EQ(the_case(json).at("outcome"), "crashed");
}

TEST(Bundle, AFolderOfSomethingElseIsRefused) {
  const Ended ended = kmodtest({"rerun", source_folder() / "modules"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.err, "kmodtest: error[K0112]: " + (source_folder() / "modules").string() +
                           " is not the folder of a case that can be run again: it has no case.json\n"
                           "  hint: name a case's folder below --out, or the one after 'files:' in a failure\n"
                           "  more: kmodtest explain K0112\n");
}

}  // namespace
}  // namespace kmodtest::e2e
