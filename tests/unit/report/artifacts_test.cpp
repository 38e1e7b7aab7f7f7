// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "outcome/folder_name.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;
using testing::ElementsAre;

std::set<std::string> names_in(const std::filesystem::path &folder) {
  std::set<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST(Artifacts, ACaseHasAFolderOfItsOwn) {
  const support::ScratchFolder folder;
  auto test_case = std::make_shared<plan::Case>(*support::make_case("ex7_4", 2));
  test_case->plan_file = folder / "ex7_4.yaml";
  std::ofstream(test_case->plan_file) << "module: ex7_4\n";
  outcome::CaseFinished finished = support::finished(test_case, Outcome::passed);
  finished.domain_xml = "<domain/>\n";
  finished.build_log = "CC [M] ex7_4.o\n";
  auto seen = std::make_shared<judge::Observations>(*support::seen({support::line(5140, "Thread started")}));
  seen->console = "booted\n";
  seen->messages.emplace_back(wire::Threads{});
  seen->messages.emplace_back(wire::Modules{});
  finished.seen = seen;
  const auto out = folder / "deep/out";
  make_artifacts(out)->on(finished);

  const auto kept = out / "ex7_4_cpus=2";
  EXPECT_THAT(names_in(out), ElementsAre(".kmodtest-run", "ex7_4_cpus=2"));
  EXPECT_THAT(names_in(kept),
              ElementsAre("README.txt", "about.txt", "build.log", "case.json", "console.log", "domain.xml",
                          "events.jsonl", "kmsg.log", "lsmod.txt", "plan.yaml", "ps.txt", "verdict.txt"));
  EXPECT_EQ(support::read_file(kept / "plan.yaml"), "module: ex7_4\n");
  EXPECT_EQ(support::read_file(kept / "domain.xml"), "<domain/>\n");
  EXPECT_EQ(support::read_file(kept / "build.log"), "CC [M] ex7_4.o\n");
  EXPECT_EQ(support::read_file(kept / "console.log"), "booted\n");
  EXPECT_EQ(support::read_file(kept / "kmsg.log"), "[    5.140000] Thread started\n");
  EXPECT_EQ(
      support::read_file(kept / "events.jsonl"),
      R"({"schema":"kmodtest-reports","version":1})"
      "\n"
      R"({"report":"LogLines","lines":[{"sequence":0,"time":5.14,"level":6,"caller":"","text":"Thread started"}],)"
      R"("lost":0,"left_out":0})"
      "\n"
      R"({"report":"Threads","step":0,"time":0.0,"threads":[]})"
      "\n"
      R"({"report":"Modules","step":0,"time":0.0,"modules":[]})"
      "\n");
  EXPECT_EQ(support::read_file(kept / "verdict.txt"),
            "Passed ex7_4 [cpus=2]\n"
            "\n"
            "plan:    ex7_4 works\n"
            "kernel:  6.1.0-49-cloud-amd64\n"
            "guest:   2 CPUs, 256 MiB\n"
            "took:    1.250 s: build 0.000 s, start 0.000 s, boot 0.000 s, restore 0.000 s, push 0.000 s, steps 0.000 "
            "s (0.000 s in the "
            "guest), stop 0.000 s\n");
}

TEST(Artifacts, AnExpectedCrashIsToldInFull) {
  const support::ScratchFolder folder;
  make_artifacts(folder / "out")->on(support::passed_as_expected());
  const std::string verdict = support::read_file(folder / "out/ex7_4_cpus=2/verdict.txt");
  EXPECT_EQ(verdict.substr(0, verdict.find("\nplan:")),
            "Passed ex7_4 [cpus=2] (as expected: Crashed: divide error in ex_div+0x8 [ex7_4])\n"
            "  expected: no kernel report\n"
            "      seen: divide error: 0000 [#1] PREEMPT SMP NOPTI\n"
            "     trace: #0 ex_div+0x8 [ex7_4]  ex7_4.c:9  return 1 / zero;\n"
            "            #1 ex_init+0x2 [ex7_4]  ex7_4.c:15\n");
}

TEST(Artifacts, TheNextRunReplacesTheCasesAndNothingElse) {
  const support::ScratchFolder folder;
  const auto out = folder / "out";
  make_artifacts(out)->on(support::finished(support::make_case("ex7_1", 1), Outcome::passed));
  std::filesystem::create_directory(out / ".partial-ex7_2_cpus=1");
  std::ofstream(out / "junit.xml") << "kept";
  make_artifacts(out)->on(support::finished(support::make_case("ex7_3", 1), Outcome::passed));
  EXPECT_THAT(names_in(out), ElementsAre(".kmodtest-run", "ex7_3_cpus=1", "junit.xml"));
}

TEST(Artifacts, CasesOfOneNameDoNotReplaceEachOther) {
  const support::ScratchFolder folder;
  const auto out = folder / "out";
  const std::unique_ptr<outcome::Listener> artifacts = make_artifacts(out);
  artifacts->on(support::finished(support::make_case("ex7_1", 1), Outcome::passed));
  artifacts->on(support::finished(support::make_case("ex7_1", 1), Outcome::passed));
  EXPECT_THAT(names_in(out), ElementsAre(".kmodtest-run", "ex7_1_cpus=1", "ex7_1_cpus=1~2"));
}

TEST(Artifacts, EveryAttemptIsKeptInTheFolderThatItNames) {
  const support::ScratchFolder folder;
  const auto out = folder / "out";
  std::vector<outcome::CaseFinished> attempts = support::flaky();
  attempts[0].artifacts = out / "ex7_1_cpus=2_attempt=1";
  attempts[1].artifacts = out / "ex7_1_cpus=2";
  attempts[1].earlier[0].artifacts = attempts[0].artifacts;
  const std::unique_ptr<outcome::Listener> artifacts = make_artifacts(out);
  artifacts->on(outcome::CaseRetried{attempts[0], 2});
  artifacts->on(attempts[1]);
  EXPECT_THAT(names_in(out), ElementsAre(".kmodtest-run", "ex7_1_cpus=2", "ex7_1_cpus=2_attempt=1"));
  EXPECT_EQ(support::read_file(out / "ex7_1_cpus=2_attempt=1/kmsg.log"), "[    5.140000] Thread started\n");
  const std::string verdict = support::read_file(out / "ex7_1_cpus=2/verdict.txt");
  EXPECT_EQ(verdict.substr(0, verdict.find("  log of")),
            "Flaky ex7_1 [cpus=2]: passed only at attempt 2\n  attempt 1: Hung: soft lockup\n")
      << verdict;
}

TEST(Artifacts, WithoutAFolderOnlyWhatDidNotGoWellIsKept) {
  const support::ScratchFolder folder;
  const auto failed = folder / "failed/one";
  const std::unique_ptr<outcome::Listener> listener = make_failure_artifacts(failed);
  listener->on(support::finished(support::make_case("ex7_1", 1), Outcome::passed));
  listener->on(support::finished(support::make_case("ex7_2", 1), Outcome::skipped, "needs hardware"));
  EXPECT_FALSE(std::filesystem::exists(failed));
  listener->on(support::finished(support::make_case("ex7_3", 1), Outcome::crashed, "an oops"));
  EXPECT_THAT(names_in(failed), ElementsAre(".kmodtest-run", "ex7_3_cpus=1"));
}

TEST(Artifacts, AFolderThatIsThereAtOnceGoesWhenNothingCameIntoIt) {
  const support::ScratchFolder folder;
  const auto failed = folder / "failed/one";
  {
    const std::unique_ptr<outcome::Listener> listener = make_failure_artifacts(failed, "", true);
    EXPECT_THAT(names_in(failed), ElementsAre(".kmodtest-run"));
    listener->on(support::finished(support::make_case("ex7_1", 1), Outcome::passed));
  }
  EXPECT_FALSE(std::filesystem::exists(failed));
  {
    const std::unique_ptr<outcome::Listener> listener = make_failure_artifacts(failed, "", true);
    listener->on(support::finished(support::make_case("ex7_3", 1), Outcome::crashed, "an oops"));
  }
  EXPECT_THAT(names_in(failed), ElementsAre(".kmodtest-run", "ex7_3_cpus=1"));
}

TEST(Artifacts, AFailureThatCannotBeKeptEndsNoRun) {
  const support::ScratchFolder folder;
  std::ofstream(folder / "file") << "x";
  const auto failed = folder / "file/failed";
  const std::unique_ptr<outcome::Listener> listener = make_failure_artifacts(failed);
  testing::internal::CaptureStderr();
  for (const int cpus : {1, 2}) listener->on(support::finished(support::make_case("ex7_1", cpus), Outcome::failed));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "kmodtest: warning[K0301]: the folders of failed cases are not kept: cannot write '" + failed.string() +
                "': Not a directory\n");
}

TEST(Artifacts, TheOldestFoldersOfFailuresGoButNotThoseOfRunsThatGoOn) {
  const support::ScratchFolder folder;
  const auto failures = folder / "failed";
  const std::unique_ptr<outcome::Listener> goes_on = make_failure_artifacts(failures / "2026-01-01T00-00-00-1");
  goes_on->on(support::finished(support::make_case("ex7_1", 1), Outcome::failed));
  std::set<std::string> stay = {"2026-01-01T00-00-00-1", "another user's"};
  for (std::size_t number = 2; number <= kKeptRuns + 2; ++number) {
    const std::string name = fmt::format("2026-01-01T00-00-{:02}-1", number);
    make_failure_artifacts(failures / name)->on(support::finished(support::make_case("ex7_1", 1), Outcome::failed));
    if (number > 3) stay.insert(name);
  }
  std::filesystem::create_directory(failures / "another user's");
  const auto next = next_failure_folder(failures);
  EXPECT_EQ(next.parent_path(), failures);
  EXPECT_FALSE(std::filesystem::exists(next));
  EXPECT_EQ(names_in(failures), stay);
}

TEST(Artifacts, AFolderWithOtherFilesIsLeftAlone) {
  const support::ScratchFolder folder;
  std::ofstream(folder / "thesis.txt") << "precious";
  try {
    make_artifacts(folder.path());
    FAIL() << "no error";
  } catch (const base::UsageError &error) {
    EXPECT_EQ(error.what(), "'" + folder.path().string() + "' contains files that kmodtest did not write");
    EXPECT_EQ(error.hint(), "name a new or an empty folder with --out");
  }
  EXPECT_THAT(names_in(folder.path()), ElementsAre("thesis.txt"));
}

TEST(Artifacts, AFolderThatCannotBeMadeIsNamed) {
  const support::ScratchFolder folder;
  std::ofstream(folder / "file") << "x";
  const auto out = folder / "file/out";
  try {
    make_artifacts(out);
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_EQ(error.what(), "cannot write '" + out.string() + "': Not a directory");
    EXPECT_EQ(error.hint(), "name a folder that you can write to with --out");
  }
}

TEST(Artifacts, FolderNamesAreHarmless) {
  const auto named = [](const std::string &id) {
    plan::Case test_case;
    test_case.id = id;
    return outcome::folder_name(test_case);
  };
  EXPECT_EQ(named("ex7_4 [cpus=4 cpu=3]"), "ex7_4_cpus=4_cpu=3");
  EXPECT_EQ(named("../../etc/passwd"), "case.._.._etc_passwd");
  EXPECT_EQ(named(".."), "case..");
  EXPECT_EQ(named("größe"), "gr_e");
  EXPECT_EQ(named("["), "case");
  EXPECT_EQ(named(std::string(500, 'x')).size(), 200U);
}

}  // namespace
}  // namespace kmodtest::report
