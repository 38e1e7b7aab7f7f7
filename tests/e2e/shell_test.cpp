// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest shell from the user's side: at a terminal, in a script, and in the guest of a failed case.
#include <chrono>
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/at_terminal.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

fs::path healthy() {
  return source_folder() / "modules/ex7_1";
}

TEST(Shell, AModuleIsLoadedAtThePromptAndTheLogStandsBesideIt) {
  AtTerminal shell({"shell", healthy(), "--no-kvm"});
  EXPECT_NE(shell.read_until("no changes are kept").find("insmod /modules/ex7_1.ko"), std::string::npos);
  shell.prompt();
  EXPECT_TRUE(shell.is_raw());
  const std::string said = shell.ask("echo $((6*7)); tty; stty size; pwd");
  for (const char *line : {"42\r\n", "/dev/pts/0\r\n", "30 100\r\n", "/modules\r\n"}) {
    EXPECT_NE(said.find(line), std::string::npos) << said;
  }
  shell.type("insmod ex7_1.ko\r");
  shell.read_until("I'm a thread!");
  shell.prompt();
  EXPECT_NE(shell.ask("lsmod").find("ex7_1 "), std::string::npos);
  // The window's size is passed on, and Ctrl-C reaches the program and not kmodtest.
  shell.resize(40, 120);
  // Use a single program: between two programs the shell itself has the terminal, and survives an interrupt.
  shell.type("sh -c 'echo begun; exec sleep 1000'\r");
  shell.read_until("begun\r\n");
  shell.type("\x03");
  shell.read_until("^C");
  shell.prompt();  // what is typed before the prompt is lost with the interrupt
  EXPECT_NE(shell.ask("stty size").find("40 120\r\n"), std::string::npos);
  shell.type("exit 7\r");
  EXPECT_EQ(shell.wait(), 7);
  EXPECT_TRUE(shell.as_before());
  EXPECT_TRUE(shell.is_blocking());
}

TEST(Shell, LinesOfTheLastSessionAreThere) {
  const std::string mark = "echo remember-" + std::to_string(::getpid());
  {
    AtTerminal shell({"shell", healthy(), "--no-kvm"});
    shell.prompt();
    shell.ask(mark);
    shell.type("exit\r");
    EXPECT_EQ(shell.wait(), 0);
  }
  AtTerminal shell({"shell", healthy(), "--no-kvm"});
  shell.prompt();
  shell.type("\033[A\033[A");  // "exit", and the line before
  shell.read_until(mark);
  shell.type("\r");
  shell.read_until("\n" + mark.substr(5) + "\r\n");
  shell.prompt();
  shell.type("\x04");
  EXPECT_EQ(shell.wait(), 0);
}

TEST(Shell, TheKeyThatLeavesWorksWhileAProgramRuns) {
  AtTerminal shell({"shell", healthy(), "--no-kvm"});
  shell.prompt();
  shell.type("echo begun; cat\r");
  shell.read_until("begun\r\n");
  shell.type("\x1d");
  EXPECT_EQ(shell.wait(), 0);
  EXPECT_TRUE(shell.as_before());
}

TEST(Shell, SignalsLeaveTheTerminalAsItWas) {
  for (const int number : {SIGTERM, SIGHUP, SIGINT}) {
    AtTerminal shell({"shell", healthy(), "--no-kvm"});
    shell.prompt();
    shell.signal(number);
    if (number == SIGINT) shell.signal(number);  // twice
    EXPECT_EQ(shell.wait(), 128 + number);
    EXPECT_TRUE(shell.as_before()) << number;
  }
}

TEST(Shell, ASignalEndsItWhereNobodyReadsTheTerminal) {
  AtTerminal shell({"shell", healthy(), "--no-kvm"});
  shell.prompt();
  shell.type("seq 1 1000000\r");
  shell.read_until("\n1000\r\n");
  ASSERT_TRUE(shell.fills_up()) << "it is in the middle of it";
  shell.signal(SIGTERM);
  EXPECT_EQ(shell.wait_without_reading(), 128 + SIGTERM);
  EXPECT_TRUE(shell.as_before());
}

TEST(Shell, APanicEndsItWithTheKernelsWords) {
  AtTerminal shell({"shell", faulty_modules() / "panic_call", "--no-kvm"});
  shell.prompt();
  shell.type("insmod panic_call.ko\r");
  EXPECT_EQ(shell.wait(), 1);
  EXPECT_NE(shell.rest().find("kmodtest: the guest's kernel panicked\r\n"), std::string::npos) << shell.rest();
  EXPECT_NE(shell.rest().find("Kernel panic - not syncing: "), std::string::npos) << shell.rest();
  EXPECT_TRUE(shell.as_before());
}

TEST(Shell, AGuestThatEndsEndsIt) {
  AtTerminal shell({"shell", healthy(), "--no-kvm"});
  shell.prompt();
  shell.type("poweroff -f\r");
  EXPECT_EQ(shell.wait(), 3);
  EXPECT_NE(shell.rest().find("error[K0803]: the guest reset itself or powered itself off\r\n"), std::string::npos)
      << shell.rest();
  EXPECT_TRUE(shell.as_before());
}

TEST(Gdb, RunsInTheTerminalOfTheRun) {
  if (!has_gdb()) GTEST_SKIP() << "needs the package gdb";
  AtTerminal run({"run", source_folder() / "testplans/ex7_1.yaml", "--cpus", "1", "--gdb=attach"}, "dumb");
  run.read_until("(gdb) ");
  run.type("break ex7_1_init\ncontinue\n");
  run.read_until("Breakpoint 1, ex7_1_init ()");
  run.read_until("(gdb) ");
  // The key that interrupts goes to gdb and does not affect the run.
  run.type("\x03");
  run.read_until("Quit\r\n");
  run.type("delete\nquit\n");
  run.read_until("1 case: 1 passed in ");
  EXPECT_EQ(run.wait(), 0);
}

/// Runs kmodtest shell with this script on its standard input.
Ended script(const std::string &text, const std::string &options = "") {
  const ScratchFolder scratch;
  const fs::path input = scratch.write("script", text);
  const fs::path run =
      scratch.write("run.sh", std::string(KMODTEST_BINARY) + " shell " + healthy().string() + " --no-kvm " + options +
                                  " < " + input.string() + " > " + (scratch.path() / "out").string() + " 2> " +
                                  (scratch.path() / "err").string());
  const int status = std::system(("sh " + run.string()).c_str());
  return {WEXITSTATUS(status), read_file(scratch.path() / "out"), read_file(scratch.path() / "err")};
}

TEST(Shell, AScriptOnStandardInputRunsToItsEnd) {
  const Ended ended =
      script("insmod /modules/ex7_1.ko\ncat /proc/modules | cut -d' ' -f1 | grep ex7\necho to-err >&2\n(exit 5)\n");
  EXPECT_EQ(ended.exit_code, 5) << ended.err;
  EXPECT_EQ(ended.out, "ex7_1\n");
  EXPECT_NE(ended.err.find("to-err\n"), std::string::npos);
  EXPECT_EQ(ended.err.find("I'm a thread!"), std::string::npos) << "the log, unasked";
}

TEST(Shell, AScriptMayWriteMuchAndHaveTheLog) {
  const Ended ended = script("insmod /modules/ex7_1.ko\nseq 1 100000\n", "--log above");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out.size(), 588'895u);
  EXPECT_EQ(ended.out.substr(0, 4), "1\n2\n");
  EXPECT_NE(ended.err.find("I'm a thread!"), std::string::npos) << ended.err;
}

TEST(Shell, WithoutAnythingToOpenItSaysSo) {
  const Ended ended = kmodtest({"shell"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.err,
            "kmodtest: error[K0103]: name a plan or a module, or --attach NAME\n  more: kmodtest explain K0103\n");
  const Ended nobody = kmodtest({"shell", "--attach", "1-2"});
  EXPECT_EQ(nobody.exit_code, 2);
  EXPECT_NE(nobody.err.find("no run keeps a guest behind "), std::string::npos) << nobody.err;
}

}  // namespace
}  // namespace kmodtest::e2e
