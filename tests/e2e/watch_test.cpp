// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest watch from the side of a user who edits a module: from a saved file to the result.
#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>

#include "e2e/at_terminal.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 90s;

constexpr const char *kSource = R"(// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "words.h"
static int __init watched_init(void)
{
	pr_info(WORDS "\n");
	return 0;
}
static void __exit watched_exit(void)
{
}
module_init(watched_init);
module_exit(watched_exit);
MODULE_DESCRIPTION("Says something");
MODULE_LICENSE("GPL");
)";

std::string plan(const std::string &steps) {
  return "module: watched\nsteps:\n  - load\n  - dmesg: first words\n" + steps;
}

class Watch : public ::testing::Test {
 protected:
  Watch() {
    scratch_.write("watched/Kbuild", "obj-m := watched.o\n");
    scratch_.write("watched/watched.c", kSource);
    scratch_.write("watched/words.h", "#define WORDS \"first words\"\n");
    scratch_.write("watched.yaml", plan(""));
    scratch_.write("other.yaml", "module: watched\nsteps: [load, unload]\n");
  }
  /// Saves like editors do: writes a second file in the folder, then renames it.
  void save(const std::string &name, const std::string &text) const {
    fs::rename(scratch_.write(name + ".new~", text), scratch_.path() / name);
  }
  static std::size_t count(const std::string &text, const std::string &what) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
    return found;
  }
  /// Waits until the text has been printed this many times since the test began.
  static void wait_for(const Tool &tool, const std::string &text, std::size_t times) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (count(tool.out(), text) < times) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "no '" << text << "' in:\n" << tool.out();
      std::this_thread::sleep_for(5ms);
    }
  }
  /// Returns the output since the last call, once the tool waits for the next change.
  std::string next(const Tool &tool) {
    wait_for(tool, "Watching ", ++rounds_);
    const std::string all = tool.out();
    const std::string text = all.substr(read_);
    read_ = all.size();
    return text;
  }

  const ScratchFolder scratch_;
  std::size_t rounds_ = 0, read_ = 0;
};

TEST_F(Watch, ASavedFileIsRunAgainAndBrokenOnesAreSaid) {
  Tool tool({"watch", scratch_.path(), "-j", "1"});
  EXPECT_NE(next(tool).find("2 cases: 2 passed in "), std::string::npos) << tool.out();

  save("watched.yaml", plan("  - dmesg: {contains: second words, within: 100ms}\n"));
  std::string said = next(tool);
  EXPECT_NE(said.find("Changed " + (scratch_.path() / "watched.yaml").string()), std::string::npos) << said;
  EXPECT_NE(said.find("1 case: 1 failed in "), std::string::npos) << "only what was touched: " << said;
  EXPECT_NE(said.find("Altogether 2 cases: 1 passed, 1 failed"), std::string::npos) << said;

  save("watched/words.h", "#define WORDS \"first words, second words\"\n");
  said = next(tool);
  EXPECT_NE(said.find("2 cases: 2 passed in "), std::string::npos) << "the header touches both: " << said;

  save("watched.yaml", "module: watched\nstepps: [load]\n");
  said = next(tool);
  EXPECT_NE(said.find("a plan that cannot be read"), std::string::npos) << said;
  save("watched.yaml", plan(""));
  EXPECT_NE(next(tool).find("1 case: 1 passed in "), std::string::npos) << tool.out();

  save("watched/watched.c", "this is no C\n");
  EXPECT_NE(next(tool).find("does not build"), std::string::npos) << tool.out();
  // A burst is one run.
  for (const char *name : {"watched/a.h", "watched/b.h", "watched/c.h"}) save(name, "");
  save("watched/watched.c", kSource);
  EXPECT_NE(next(tool).find("2 cases: 2 passed in "), std::string::npos) << tool.out();
  EXPECT_EQ(count(tool.out(), "Changed "), 6u) << tool.out();

  // A run that a save makes stale is not waited for.
  save("watched.yaml", "time: real\ntimeout: 1000s\n" + plan("  - sleep: 900s\n"));
  wait_for(tool, "Changed ", 7);
  wait_for(tool, " 1 case, 1 worker\n", 3);
  save("watched.yaml", plan(""));
  said = next(tool);
  EXPECT_NE(said.find("1 case: 1 passed in "), std::string::npos) << said;
  EXPECT_EQ(said.find("interrupted"), std::string::npos) << said;

  tool.signal(SIGINT);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("unknown key 'stepps'"), std::string::npos) << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms));
  EXPECT_TRUE(fs::is_empty(tool.runtime_folder()) || fs::is_empty(tool.runtime_folder() / "kmodtest"))
      << "the runtime folder was not cleaned";
}

TEST_F(Watch, ASignalInTheMiddleOfARunEndsItInOrder) {
  save("watched.yaml", "time: real\ntimeout: 1000s\n" + plan("  - sleep: 900s\n"));
  Tool tool({"watch", scratch_.path() / "watched.yaml"});
  ASSERT_TRUE(tool.wait_for_guest());
  tool.signal(SIGTERM);
  const Ended ended = tool.wait(20s);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms));
}

TEST_F(Watch, KeysRunAllOrWhatDidNotPassAndEndIt) {
  save("other.yaml", "module: watched\nsteps: [load, unload, dmesg: third words]\n");
  AtTerminal terminal({"watch", scratch_.path().string(), "-j", "1", "--color", "never"});
  terminal.read_until("2 cases: 1 passed, 1 failed in ");
  terminal.read_until("Enter: run all, f: run what did not pass, q: quit");
  terminal.type("f");
  terminal.read_until("1 case: 1 failed in ");
  terminal.read_until("q: quit");
  terminal.type("\r");
  terminal.read_until("2 cases: 1 passed, 1 failed in ");
  terminal.read_until("q: quit");
  terminal.type("q");
  EXPECT_EQ(terminal.wait(), 1) << "the last that is known of the cases";
  EXPECT_TRUE(terminal.as_before());
}

TEST_F(Watch, WhatCannotBeWatchedIsWrongUsage) {
  EXPECT_EQ(kmodtest({"watch", scratch_.path() / "nothing.yaml"}).exit_code, 2);
  EXPECT_EQ(kmodtest({"watch", scratch_.path(), "--gdb"}).exit_code, 2);
  EXPECT_EQ(kmodtest({"watch", scratch_.path(), "--filter", "nothing"}).exit_code, 4);
}

}  // namespace
}  // namespace kmodtest::e2e
