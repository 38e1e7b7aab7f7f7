// SPDX-License-Identifier: GPL-2.0-or-later
// A run that keeps the guest of a failure, and one that waits for a debugger.
#include <cstdlib>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongestWait = 90s;

/// Returns the rest of the line after a text that a tool writes to its standard output; empty if it does not arrive in
/// time.
std::string wait_for(const Tool &tool, const std::string &start) {
  const auto end = std::chrono::steady_clock::now() + kLongestWait;
  while (std::chrono::steady_clock::now() < end) {
    const std::string out = tool.out();
    const auto at = out.find(start);
    const auto line_end = at == std::string::npos ? at : out.find('\n', at);
    if (line_end != std::string::npos) return out.substr(at + start.size(), line_end - at - start.size());
    std::this_thread::sleep_for(50ms);
  }
  ADD_FAILURE() << "no '" << start << "' in\n" << tool.out();
  return "";
}

/// Returns what a command line of the shell prints on both streams.
Ended shell(const std::string &line) {
  const ScratchFolder scratch;
  const fs::path out = scratch.path() / "out";
  const fs::path file = scratch.write("line.sh", line);
  const int status = std::system(("sh " + file.string() + " > " + out.string() + " 2>&1").c_str());
  return {WEXITSTATUS(status), read_file(out), ""};
}

/// Runs kmodtest shell --attach NAME with a script, for a tool with a runtime folder of its own.
Ended in_guest(const Tool &tool, const std::string &name, const std::string &script) {
  return shell("printf '" + script + "' | KMODTEST_RUNTIME=" + tool.runtime_folder().string() + " timeout 60 " +
               std::string(KMODTEST_BINARY) + " shell --attach " + name);
}

std::vector<std::string> wrong_line() {
  return {"run", test_plan("wrong_line"), "--modules", faulty_modules(), "--pause-on-failure", "--no-progress"};
}

TEST(PauseOnFailure, TheGuestIsEnteredAsItWasAndLetGoByASignal) {
  Tool tool(wrong_line());
  const std::string name = wait_for(tool, "kmodtest shell --attach ");
  const Ended first =
      in_guest(tool, name, "cut -d\" \" -f1 /proc/modules | grep prints; echo here > /tmp/x; exit 3\\n");
  EXPECT_EQ(first.exit_code, 3);
  EXPECT_EQ(first.out, "prints_wrong_line\n");
  // A second session finds what the first one left, and can continue.
  const Ended second = in_guest(tool, name, "cat /tmp/x; rmmod prints_wrong_line; dmesg | grep -c Exiting\\n");
  EXPECT_EQ(second.out, "here\n1\n");
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_FALSE(tool.guests().empty());
  tool.signal(SIGINT);
  const Ended ended = tool.wait(30s);
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_TRUE(tool.guests_gone(0ms));
  EXPECT_NE(ended.out.find("\n1 case: 1 failed in "), std::string::npos) << ended.out;
}

TEST(PauseOnFailure, AKernelThatPanickedIsForADebuggerOnly) {
  if (!has_gdb()) GTEST_SKIP() << "needs the package gdb";
  std::vector<std::string> arguments = wrong_line();
  arguments[1] = test_plan("panics_in_init");
  Tool tool(arguments);
  const std::string gdb = wait_for(tool, "debug it:  ");
  EXPECT_NE(tool.out().find("its kernel panicked, so it can no longer run a shell"), std::string::npos);
  EXPECT_EQ(tool.out().find("--attach"), std::string::npos);
  const Ended registers = shell("timeout 60 " + gdb + " -batch -ex 'info registers rip'");
  EXPECT_NE(registers.out.find("rip            0xffffffff8"), std::string::npos) << registers.out;
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait(30s).exit_code, 1);
  EXPECT_TRUE(tool.guests_gone(0ms));
}

TEST(PauseOnFailure, NothingIsKeptWhereAllPasses) {
  const Ended ended = kmodtest({"run", source_folder() / "testplans/ex7_1.yaml", "--cpus", "1", "--pause-on-failure"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
}

TEST(Gdb, BreaksInAModuleThatIsNotLoadedYetWithLinesOfItsSource) {
  if (!has_gdb()) GTEST_SKIP() << "needs the package gdb";
  Tool tool({"run", source_folder() / "testplans/ex7_1.yaml", "--cpus", "2", "--gdb", "--no-progress"});
  const std::string script = wait_for(tool, "until gdb resumes it:  gdb -x ");
  const Ended gdb = shell("timeout 90 gdb -q -batch -x " + script +
                          " -ex 'break ex7_1_init' -ex 'break thread_function' -ex continue -ex backtrace"
                          " -ex continue -ex 'info symbol do_init_module' -ex detach");
  EXPECT_NE(gdb.out.find("Breakpoint 1, ex7_1_init () at "), std::string::npos) << gdb.out;
  EXPECT_NE(gdb.out.find("ex7_1.c:"), std::string::npos) << gdb.out;
  EXPECT_NE(gdb.out.find(" in do_one_initcall ()"), std::string::npos) << gdb.out;
  EXPECT_NE(gdb.out.find("Breakpoint 2, thread_function ("), std::string::npos) << gdb.out;
  EXPECT_NE(gdb.out.find("do_init_module in section "), std::string::npos) << gdb.out;
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
}

TEST(Gdb, NoDeadlinePassesWhileADebuggerSitsThere) {
  if (!has_gdb()) GTEST_SKIP() << "needs the package gdb";
  // A case of half a second whose guest the debugger holds for longer than the case's wall-time limit.
  const ScratchFolder scratch;
  fs::copy(source_folder() / "modules/ex7_1", scratch.path() / "ex7_1");
  const fs::path plan = scratch.write("short.yaml", "module: ex7_1\ntimeout: 500ms\nsteps: [load, unload]\n");
  Tool tool({"run", plan, "--gdb", "--no-progress"});
  const std::string script = wait_for(tool, "until gdb resumes it:  gdb -x ");
  const Ended gdb = shell("timeout 90 gdb -q -batch -x " + script +
                          " -ex 'break ex7_1_init' -ex continue -ex 'shell sleep 6' -ex detach");
  EXPECT_NE(gdb.out.find("Breakpoint 1, ex7_1_init () at "), std::string::npos) << gdb.out;
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
}

TEST(Gdb, IsForOneCase) {
  const Ended ended = kmodtest({"run", source_folder() / "testplans/ex7_1.yaml", "--cpus", "1,2", "--gdb"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.err,
            "kmodtest: error[K0109]: --gdb needs exactly one case, but 2 are selected\n"
            "  hint: choose one with --case (kmodtest list shows them) or --cpus\n"
            "  more: kmodtest explain K0109\n");
}

}  // namespace
}  // namespace kmodtest::e2e
