// SPDX-License-Identifier: GPL-2.0-or-later
// Where and when threads ran, according to the trace of a real guest's scheduler.
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using Json = nlohmann::json;

std::vector<Json> run(const std::vector<std::string> &arguments, const ScratchFolder &scratch, int exit_code) {
  const fs::path events = scratch.path() / "events.jsonl";
  std::vector<std::string> all{"run"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.insert(all.end(), {"--json", events.string(), "--modules", (source_folder() / "modules").string(), "--modules",
                         (source_folder() / "modules/faulty").string()});
  const Ended ended = kmodtest(all);
  EXPECT_EQ(ended.exit_code, exit_code) << ended.out << ended.err;
  return finished_cases(events);
}

TEST(Sched, ATraceOfAnyPlanSaysWhereItsThreadsRanAndRepeats) {
  const ScratchFolder scratch;
  const auto cases =
      run({source_folder() / "testplans/ex7_2.yaml", "--cpus", "2", "--trace", "--repeat", "3"}, scratch, 0);
  ASSERT_EQ(cases.size(), 3u);
  std::set<std::string> digests;
  for (const Json &one : cases) {
    digests.insert(one["digest"]);
    const Json &sched = one["sched"];
    EXPECT_EQ(sched["lost"], 0);
    EXPECT_EQ(sched["cpus"], 2);
    ASSERT_EQ(sched["threads"].size(), 1u) << sched.dump();
    EXPECT_GE(sched["threads"][0]["wakes"], 3);
    EXPECT_GT(sched["threads"][0]["wake_to_run"]["max"], 0.0);
  }
  EXPECT_EQ(digests.size(), 1u);
}

TEST(Sched, AMillisecondOnAnotherCpuIsFoundAndTheSameThreadWithoutItPasses) {
  const ScratchFolder scratch;
  const auto plan = scratch.write("slip.yaml",
                                  "module: slipped_binding\n"
                                  "guest: {cpus: 4, memory: 256M}\n"
                                  "matrix: {slip: [0, 30]}\n"
                                  "timeout: 2m\n"
                                  "steps:\n"
                                  "  - load: {params: {cpu: 3, elsewhere: 1, slip: \"${slip}\"}}\n"
                                  "  - sleep: 1m\n"
                                  "  - ps: {thread: slipping, cpu: 3, allowed: 3}\n"
                                  "  - sched: {thread: slipping, only_on: 3, migrations: 0, wakes_every: 1s ± 5%}\n"
                                  "  - unload\n");
  const auto cases = run({plan}, scratch, 1);
  ASSERT_EQ(cases.size(), 2u);
  for (const Json &one : cases) {
    if (one["point"]["slip"] == "0") {
      EXPECT_EQ(one["outcome"], "passed") << one.dump();
      continue;
    }
    EXPECT_EQ(one["outcome"], "failed");
    const std::string summary = one["evidence"][0]["summary"];
    EXPECT_EQ(summary.find("slipping ("), 0u) << summary;
    EXPECT_NE(summary.find(" ran on CPU 1 for 1.0"), std::string::npos) << summary;
    EXPECT_EQ(one["evidence"][0]["expected"], "only on CPU 3");
  }
}

TEST(Sched, ATraceWithAHoleProvesNothing) {
  const ScratchFolder scratch;
  // Two threads that only yield to each other fill the trace, however fast it is read.
  scratch.write("pingpong/Kbuild", "obj-m := pingpong.o\n");
  scratch.write("pingpong/pingpong.c", R"(// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *threads[2];

static int play(void *unused)
{
	while (!kthread_should_stop())
		yield();
	return 0;
}

static int __init pingpong_init(void)
{
	threads[0] = kthread_run(play, NULL, "pingpong 0");
	threads[1] = kthread_run(play, NULL, "pingpong 1");
	return 0;
}

static void __exit pingpong_exit(void)
{
	kthread_stop(threads[0]);
	kthread_stop(threads[1]);
}

module_init(pingpong_init);
module_exit(pingpong_exit);
MODULE_DESCRIPTION("Two threads that give way to each other");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
)");
  const auto plan = scratch.write("pingpong.yaml",
                                  "module: pingpong\nguest: {cpus: 1, memory: 256M}\nsteps:\n  - load\n  - sleep: 2s\n"
                                  "  - sched: {thread: \"pingpong *\", only_on: 0}\n  - unload\n");
  const auto cases = run({plan}, scratch, 3);
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0]["outcome"], "errored");
  const std::string summary = cases[0]["evidence"][0]["summary"];
  EXPECT_NE(summary.find("nothing is proven"), std::string::npos) << summary;
}

}  // namespace
}  // namespace kmodtest::e2e
