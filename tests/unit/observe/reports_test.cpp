// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports/reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch_folder.hpp"

namespace kmodtest::observe {
namespace {

std::vector<wire::KernelLogLine> recorded(const std::string &name) {
  auto log = parse_console(support::read_file(std::string(KMODTEST_TEST_DATA "/dmesg/") + name + ".log"));
  EXPECT_FALSE(log.empty()) << name;
  return log;
}

wire::KernelLogLine line(std::string text, std::uint8_t level = 4) {
  return {1, level, 0, {}, "", std::move(text)};
}

struct RecordedLog {
  const char *log;
  const char *module;
  ReportClass report_class;
  std::vector<std::string> described;
};

class RecordedReports : public testing::TestWithParam<RecordedLog> {};

TEST_P(RecordedReports, AreFoundAndNamed) {
  const auto &expected = GetParam();
  const auto reports = find_reports(recorded(expected.log), {expected.module});
  std::vector<std::string> described;
  for (const auto &report : reports) {
    described.push_back(describe(report));
    EXPECT_EQ(report.report_class, expected.report_class) << described.back();
  }
  EXPECT_EQ(described, expected.described);
}

INSTANTIATE_TEST_SUITE_P(
    Logs, RecordedReports,
    testing::Values(
        // Recorded from guests with the module of tests/data/dmesg/source.
        RecordedLog{
            "recorded-null-6.1", "faults", ReportClass::crash, {"NULL pointer dereference in ex_write+0x8 [faults]"}},
        RecordedLog{"recorded-bug-6.1", "faults", ReportClass::crash, {"BUG in faults_init+0x8c [faults]"}},
        RecordedLog{"recorded-warning-6.1", "faults", ReportClass::crash, {"WARNING in faults_init+0x42 [faults]"}},
        RecordedLog{
            "recorded-list-6.1", "faults", ReportClass::crash, {"list corruption in faults_init+0x1a0 [faults]"}},
        RecordedLog{"recorded-atomic-6.1",
                    "faults",
                    ReportClass::crash,
                    {"scheduling while atomic in faults_init+0xd6 [faults]", "WARNING in faults_init+0x0 [faults]"}},
        RecordedLog{"recorded-panic-6.1", "faults", ReportClass::crash, {"panic in faults_init+0xad [faults]"}},
        RecordedLog{
            "recorded-proc-6.1", "faults", ReportClass::leftover, {"proc leftover in faults_exit+0x3a [faults]"}},
        RecordedLog{"recorded-hung-6.1", "faults", ReportClass::stall, {"hung task in sleeper+0x11 [faults]"}},
        RecordedLog{"null-dereference-6.1",
                    "faulty_oops",
                    ReportClass::crash,
                    {"NULL pointer dereference in ex_fault_write+0x1c [faulty_oops]"}},
        RecordedLog{"null-dereference-6.1",
                    "another",
                    ReportClass::crash,
                    {"NULL pointer dereference in ex_fault_write+0x1c [faulty_oops]"}},
        RecordedLog{"oops-then-panic-6.1",
                    "faulty_oops",
                    ReportClass::crash,
                    {"NULL pointer dereference in ex_fault_write+0x1c [faulty_oops]"}},
        RecordedLog{"warning-6.1", "faulty_warn", ReportClass::crash, {"WARNING in ex_warn+0x2b [faulty_warn]"}},
        RecordedLog{"warning-7.2", "faulty_warn", ReportClass::crash, {"WARNING in ex_warn+0x2b [faulty_warn]"}},
        RecordedLog{"bug-6.1", "faulty_bug", ReportClass::crash, {"BUG in ex_bug+0x9 [faulty_bug]"}},
        RecordedLog{"list-corruption-6.1",
                    "faulty_list",
                    ReportClass::crash,
                    {"list corruption in ex_queue+0x4e [faulty_list]"}},
        RecordedLog{
            "list-corruption-6.1", "another", ReportClass::crash, {"list corruption in ex_queue+0x4e [faulty_list]"}},
        RecordedLog{"atomic-5.10",
                    "faulty_atomic",
                    ReportClass::crash,
                    {"scheduling while atomic in ex_thread+0x31 [faulty_atomic]",
                     "sleeping function called from invalid context in ex_thread+0x4a [faulty_atomic]"}},
        RecordedLog{"hung-task-6.1",
                    "faulty_hang",
                    ReportClass::stall,
                    {"hung task in ex_second+0x22 [faulty_hang]", "hung task in ex_exit+0x14 [faulty_hang]"}},
        RecordedLog{"hung-task-6.1",
                    "another",
                    ReportClass::stall,
                    {"hung task in ex_second+0x22 [faulty_hang]", "hung task in kthread_stop+0x6a"}},
        RecordedLog{"rcu-stall-6.1", "faulty_spin", ReportClass::stall, {"RCU stall in ex_spin+0x9 [faulty_spin]"}},
        RecordedLog{"soft-lockup-6.1", "faulty_spin", ReportClass::stall, {"soft lockup in ex_spin+0x9 [faulty_spin]"}},
        RecordedLog{
            "proc-leftover-6.1", "faulty_proc", ReportClass::leftover, {"proc leftover in ex_exit+0x1b [faulty_proc]"}},
        RecordedLog{"slab-leftover-6.1",
                    "faulty_slab",
                    ReportClass::leftover,
                    {"slab cache still has objects in ex_exit+0x1b [faulty_slab]",
                     "slab cache still has objects in ex_exit+0x1b [faulty_slab]"}},
        RecordedLog{"kasan-6.1",
                    "faulty_heap",
                    ReportClass::crash,
                    {"KASAN: slab-out-of-bounds in ex_write+0x4b [faulty_heap]"}},
        RecordedLog{"panic-6.1", "faulty_panic", ReportClass::crash, {"panic in ex_init+0x16 [faulty_panic]"}},
        RecordedLog{"healthy-6.1", "ex7_4", ReportClass::crash, {}}),
    [](const auto &row) {
      std::string name = std::string(row.param.log) + "_" + row.param.module;
      for (char &c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

TEST(Reports, AnOopsHasItsLinesAndNoMore) {
  const auto reports = find_reports(recorded("warning-6.1"), {"faulty_warn"});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].title,
            "WARNING: CPU: 0 PID: 63 at /build/faulty_warn/faulty_warn.c:17 ex_warn+0x2b/0x30 [faulty_warn]");
  EXPECT_EQ(reports[0].lines.front().text, "------------[ cut here ]------------");
  EXPECT_EQ(reports[0].lines.back().text, "---[ end trace 0000000000000000 ]---");
  EXPECT_TRUE(is_complete(reports[0]));
  EXPECT_FALSE(reports[0].fatal);
}

std::vector<wire::KernelLogLine> oops_in_kernel(const std::string &frame) {
  return {line("BUG: kernel NULL pointer dereference, address: 000000000000001a"),
          line("CPU: 0 PID: 77 Comm: ex worker Tainted: G           OE      6.1.0"),
          line("RIP: 0010:kthread_stop+0x1a/0x180"),
          line("Call Trace:"),
          line(" <TASK>"),
          line(frame),
          line(" __do_sys_delete_module+0x1d0/0x310"),
          line(" </TASK>")};
}

TEST(Reports, ATaskIsNamed) {
  EXPECT_EQ(find_reports(oops_in_kernel(" __x64+0x1/0x2"), {"ex"}).at(0).task, "ex worker");
  EXPECT_EQ(find_reports(recorded("warning-6.1"), {}).at(0).task, "init");
}

TEST(Reports, AGuessedFrameIsMentionedWhereNoOtherNamesTheModule) {
  EXPECT_EQ(describe(find_reports(oops_in_kernel(" ? ex_exit+0x10/0x20 [ex]"), {"ex"}).at(0)),
            "NULL pointer dereference in kthread_stop+0x1a (its stack mentions ex_exit+0x10 [ex])");
  EXPECT_EQ(describe(find_reports(oops_in_kernel(" ? ex_exit+0x10/0x20 [ex]"), {"another"}).at(0)),
            "NULL pointer dereference in kthread_stop+0x1a");
  auto both = oops_in_kernel(" ? ex_exit+0x10/0x20 [ex]");
  both.insert(both.begin() + 6, line(" ex_stop+0x5/0x20 [ex]"));
  EXPECT_EQ(describe(find_reports(both, {"ex"}).at(0)), "NULL pointer dereference in ex_stop+0x5 [ex]");
}

TEST(Reports, APanicBehindAnOopsBelongsToItAndIsFatal) {
  const auto reports = find_reports(recorded("oops-then-panic-6.1"), {"faulty_oops"});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_TRUE(reports[0].fatal);
  EXPECT_EQ(reports[0].lines.back().text, "---[ end Kernel panic - not syncing: Fatal exception ]---");
  EXPECT_TRUE(is_complete(reports[0]));
}

TEST(Reports, AreGroupedByCaller) {
  const auto reports = find_reports(recorded("warning-7.2"), {"faulty_warn"});
  ASSERT_EQ(reports.size(), 1u);
  for (const auto &part : reports[0].lines) EXPECT_EQ(part.caller, "T63") << part.text;
}

TEST(Reports, AStackWithoutAnEndMarkerEndsWithItsLastFrame) {
  const auto reports = find_reports(recorded("atomic-5.10"), {"faulty_atomic"});
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].lines.back().text, " ret_from_fork+0x22/0x30");
}

TEST(Reports, IsCompleteOnlyWithItsLastLine) {
  auto log = recorded("null-dereference-6.1");
  const auto end = std::find_if(log.begin(), log.end(),
                                [](const auto &part) { return part.text.find("---[ end trace") != std::string::npos; });
  log.erase(end, log.end());
  const auto reports = find_reports(log, {"faulty_oops"});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_FALSE(is_complete(reports[0]));
}

TEST(Reports, UserSpaceCannotForgeOne) {
  auto forged = line("BUG: kernel NULL pointer dereference, address: 0000000000000000");
  EXPECT_TRUE(opens_report(forged));
  forged.facility = 1;
  EXPECT_FALSE(opens_report(forged));
}

TEST(Reports, AModulesOwnWordsAreNone) {
  for (const char *text :
       {"..MP-BIOS bug: 8254 timer not connected to IO-APIC", "Warning: nothing of note", "BUG-free since 2001",
        "mod: BUG: none", "DEBUG: x", "INFO: up and running", "ex7_4: loading out-of-tree module taints kernel.",
        "int3 is no opcode here", "irq 4: registered", "refcount is 3", "watchdog: enabled", "stack is fine"}) {
    EXPECT_FALSE(opens_report(line(text))) << text;
  }
  EXPECT_FALSE(opens_report(line("WARNING: low battery", 6))) << "at level info";
  EXPECT_FALSE(opens_report(line("BUG: not really", 6))) << "at level info";
}

struct Header {
  const char *text, *kind;
  ReportClass report_class = ReportClass::crash;
};

TEST(Reports, KnowsHowReportsOpen) {
  const std::vector<Header> headers = {
      {"BUG: unable to handle page fault for address: ffffc90000a3d000", "page fault"},
      {"general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP",
       "general protection fault"},
      {"Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP",
       "general protection fault"},
      {"divide error: 0000 [#1] PREEMPT SMP NOPTI", "divide error"},
      {"Oops: divide error: 0000 [#1] SMP NOPTI", "divide error"},
      {"Oops: 0000 [#1] SMP NOPTI", "Oops"},
      {"traps: PANIC: double fault, error_code: 0x0", "double fault"},
      {"BUG: TASK stack guard page was hit at 00000000d5bb4b84", "kernel stack overflow"},
      {"list_del corruption. prev->next should be ffff, but was 0000", "list corruption"},
      {"refcount_t: underflow; use-after-free.", "refcount"},
      {"BUG: KFENCE: use-after-free read in ex+0x1/0x2 [m]", "KFENCE: use-after-free read"},
      {"BUG: KASAN: null-ptr-deref in ex+0x1/0x2", "KASAN: null-ptr-deref"},
      {"UBSAN: array-index-out-of-bounds in /build/m.c:12:9", "UBSAN: array-index-out-of-bounds"},
      {"BUG: Bad page state in process init  pfn:03f2a", "bad page"},
      {"BUG kmalloc-64 (Tainted: G    B      OE     ): Poison overwritten", "slab corruption"},
      {"BUG: using smp_processor_id() in preemptible [00000000] code: init/1", "smp_processor_id in preemptible code"},
      {"BUG: spinlock bad magic on CPU#0, init/1", "spinlock misuse"},
      {"WARNING: possible circular locking dependency detected", "lockdep: possible circular locking"},
      {"[ BUG: Invalid wait context ]", "lockdep: Invalid wait context"},
      {"INFO: trying to register non-static key.", "lockdep: non-static key"},
      {"ODEBUG: free active (active state 0) object: ffff object type: timer_list hint: ex+0x0/0x10 [m]",
       "debugobjects"},
      {"BUG: something the table does not know", "BUG"},
      {"rcu: INFO: rcu_sched self-detected stall on CPU", "RCU stall", ReportClass::stall},
      {"BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 43s!", "workqueue lockup",
       ReportClass::stall},
      {"watchdog: Watchdog detected hard LOCKUP on cpu 1", "hard lockup", ReportClass::stall},
      {"sysfs: cannot create duplicate filename '/kernel/ex'", "sysfs duplicate", ReportClass::leftover},
      {"kmem_cache_destroy ex: Slab cache still has objects", "slab cache still has objects", ReportClass::leftover},
  };
  for (const auto &header : headers) {
    EXPECT_TRUE(opens_report(line(header.text))) << header.text;
    const auto reports = find_reports({line(header.text)}, {});
    ASSERT_EQ(reports.size(), 1u) << header.text;
    EXPECT_EQ(reports[0].kind, header.kind) << header.text;
    EXPECT_EQ(reports[0].report_class, header.report_class) << header.text;
  }
}

TEST(Reports, ALineThatStandsAloneTakesNoOther) {
  const auto reports = find_reports({line("debugfs: Directory 'ex' with parent '/' already present!"),
                                     line("ex: cannot make the folder"), line("ex: giving up")},
                                    {"ex"});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].lines.size(), 1u);
  EXPECT_TRUE(is_complete(reports[0]));
}

TEST(Reports, AHarmlessLineHidesNoReportAfterIt) {
  const char *const kRefused = "genirq: Flags mismatch irq 1. 00000000 (ex) vs. 00000080 (i8042)";
  EXPECT_THAT(find_reports({line(kRefused), line("ex: no interrupt")}, {"ex"}), testing::IsEmpty());
  const char *const kInjected = "FAULT_INJECTION: forcing a failure.";
  for (const char *text : {kRefused, kInjected}) {
    for (const char *defect : {"BUG: kernel NULL pointer dereference, address: 0000000000000000",
                               "Kernel panic - not syncing: ex", "------------[ cut here ]------------"}) {
      const auto reports = find_reports({line(text), line(defect)}, {"ex"});
      ASSERT_EQ(reports.size(), 1u) << text << " / " << defect;
      EXPECT_EQ(reports[0].lines.front().text, defect);
    }
  }
}

TEST(Refusals, AreTheLoadersWords) {
  const std::vector<wire::KernelLogLine> log = {
      line("ex: loading out-of-tree module taints kernel."),
      line("ex: module verification failed: signature and/or required key missing - tainting kernel"),
      line("ex: version magic '6.12.1 SMP preempt mod_unload ' should be '6.1.0-40-cloud-amd64 SMP '"),
      line("ex: Unknown symbol ex_missing (err -2)"),
      line("ex: disagrees about version of symbol module_layout"),
      line("ex: `abc' invalid for parameter `cpu'"),
      line("Loading of unsigned module is rejected"),
  };
  EXPECT_THAT(find_refusals(log),
              testing::ElementsAre(
                  "ex: version magic '6.12.1 SMP preempt mod_unload ' should be '6.1.0-40-cloud-amd64 SMP '",
                  "ex: Unknown symbol ex_missing (err -2)", "ex: disagrees about version of symbol module_layout",
                  "ex: `abc' invalid for parameter `cpu'", "Loading of unsigned module is rejected"));
}

TEST(Taint, IsNamedByItsLetters) {
  EXPECT_EQ(render_taint(0), "none");
  EXPECT_EQ(render_taint(1u << 12 | 1u << 13),
            "O (an out-of-tree module was loaded), E (an unsigned module was loaded)");
  EXPECT_EQ(render_taint(1u << 9 | 1ull << 40), "W (the kernel issued a warning), bit 40");
  EXPECT_EQ(taint_letter(18), 'N');
  EXPECT_EQ(taint_letter(40), '?');
}

TEST(ParseConsole, TakesLinesWithATimeStamp) {
  const auto log = parse_console("SeaBIOS\n[    5.140900] text\r\n[    5.140901][   T12] more\n[ OK ] Started\n");
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].text, "text");
  EXPECT_EQ(log[0].time, wire::Microseconds(5'140'900));
  EXPECT_EQ(log[1].caller, "T12");
  EXPECT_EQ(log[1].text, "more");
}

}  // namespace
}  // namespace kmodtest::observe
