// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/dissect.hpp"

#include <cstring>
#include <gtest/gtest.h>

#include "support/btf_writer.hpp"
#include "support/guest_in_memory.hpp"

namespace kmodtest::run {
namespace {

using Address = std::uint64_t;

constexpr Address kText = 0xffffffff81000000, kData = 0xffffffff82000000, kModule = 0xffffffffc0200000;
constexpr Address kPerCpu = 0xffff888000010000;
constexpr Address kInitTask = kData, kModules = kData + 0x800, kOffsets = kData + 0x840;
constexpr Address kTaskA = 0xffff888001000000, kTaskB = 0xffff888001001000, kTaskC = 0xffff888001002000;
constexpr Address kStackA = 0xffffc90000100000, kStackB = 0xffffc90000110000, kStackC = 0xffffc90000120000;
constexpr Address kMutex1 = kModule + 0x1100, kMutex2 = kModule + 0x1140;

constexpr Address kInMutexLock = kText + 0x45, kInKthread = kText + 0x105;  // after calls
constexpr Address kInTake = kModule + 0x25, kInInit = kModule + 0x65, kSpin = kModule + 0x40;
constexpr Address kNoCall = kText + 0x70;

/// `waiters`: the name of the member of struct mutex, list_head until 6.19.
std::string btf(const std::string &waiters) {
  support::BtfWriter writer;
  const auto number = writer.integer("long", 8);
  const auto list = writer.structure("list_head", 16, {{"next", number, 0}, {"prev", number, 8}});
  const auto thread = writer.structure("thread_struct", 16, {{"sp", number, 8}});
  writer.structure("task_struct", 80,
                   {{"__state", number, 0},
                    {"stack", number, 8},
                    {"tasks", list, 16},
                    {"pid", number, 32},
                    {"comm", number, 40},
                    {"thread", thread, 56}});
  writer.structure("module", 104, {{"list", list, 8}, {"name", number, 24}, {"kallsyms", number, 88}});
  writer.structure("mod_kallsyms", 24, {{"symtab", number, 0}, {"num_symtab", number, 8}, {"strtab", number, 16}});
  writer.structure("mutex", 32, {{"owner", number, 0}, {waiters, list, 16}});
  return writer.finish();
}

/// Returns code with a call instruction before each of these addresses.
std::string code(Address base, std::size_t size, const std::vector<Address> &returns) {
  std::string bytes(size, '\x90');
  for (const Address address : returns) bytes[address - base - 5] = '\xe8';
  return bytes;
}

kernel::KernelImage image(const std::string &waiters = "wait_list") {
  std::vector<kernel::Symbol> symbols{{kText + 0x20, 'T', "__mutex_lock"}, {kText + 0x80, 'T', "msleep"},
                                      {kText + 0x100, 't', "kthread"},     {kText + 0x200, 'T', "_etext"},
                                      {kInitTask, 'D', "init_task"},       {kModules, 'd', "modules"},
                                      {kOffsets, 'D', "__per_cpu_offset"}, {0x40, 'A', "current_task"}};
  return {kernel::SymbolTable(std::move(symbols)),
          kernel::StructLayouts(btf(waiters)),
          {{kText, code(kText, 0x200, {kInMutexLock, kInKthread})}}};
}

class Dissect : public ::testing::Test {
 protected:
  Dissect() {
    add_task(kInitTask, 0, "swapper/0", 0, kData + 0x4000, 0, kTaskA);
    add_task(kTaskA, 86, "abba_a", 2, kStackA, kStackA + 0x3e00, kTaskB);
    add_task(kTaskB, 87, "abba_b", 2, kStackB, kStackB + 0x3e00, kTaskC);
    add_task(kTaskC, 88, "worker", 0, kStackC, kStackC + 0x3e00, kInitTask);
    add_module();
    // Each holds one mutex and is queued at the other; the mutex that it holds is on its stack, too.
    add_stack(kStackA, {kInMutexLock, kMutex1, kNoCall, kInTake, kMutex2, kInKthread});
    add_stack(kStackB, {kInMutexLock, kMutex2, kInTake, kMutex1, kInKthread});
    add_mutex(kMutex1, kTaskA | 1, kStackB + 0x3f00);
    add_mutex(kMutex2, kTaskB | 1, kStackA + 0x3f00);
    guest_.put_value(kOffsets, kPerCpu);
    guest_.put_value(kPerCpu + 0x40, kTaskC);
    vm::CpuRegisters cpu;
    cpu.rip = kSpin;
    cpu.rsp = kStackC + 0x3f80;
    cpu.rflags = 0x46;
    cpu.text = "RAX=0\n";
    guest_.put_value(cpu.rsp + 8, kInInit);
    guest_.cpus = {cpu};
  }

  void add_task(Address task, std::uint32_t pid, const std::string &name, std::uint64_t state, Address stack,
                Address sp, Address next) {
    guest_.put_value(task, state);
    guest_.put_value(task + 8, stack);
    guest_.put_value(task + 16, next + 16);
    guest_.put_value(task + 32, pid);
    guest_.put(task + 40, name);
    guest_.put_value(task + 64, sp);
  }
  void add_stack(Address stack, const std::vector<Address> &words) {
    for (std::size_t i = 0; i < words.size(); ++i) guest_.put_value(stack + 0x3e00 + 16 * i, words[i]);
  }
  void add_mutex(Address mutex, Address owner, Address waiter) {
    guest_.put_value(mutex, owner);
    guest_.put_value(mutex + 16, waiter);
    guest_.put_value(waiter, mutex + 16);
  }
  void add_module() {
    const Address module = kModule + 0x2000, table = kModule + 0x2200, symtab = kModule + 0x2300,
                  strtab = kModule + 0x2400;
    guest_.put(kModule, code(kModule, 0x100, {kInTake, kInInit}));
    guest_.put_value(kModules, module + 8);
    guest_.put_value(module + 8, kModules);
    guest_.put(module + 24, "ex");
    guest_.put_value(module + 88, table);
    guest_.put_value(table, symtab);
    guest_.put_value(table + 8, std::uint32_t{3});
    guest_.put_value(table + 16, strtab);
    guest_.put(strtab, std::string("\0take\0spin\0data\0", 16));
    const auto symbol = [&](int index, std::uint32_t name, std::uint32_t info, Address value, Address size) {
      const Address at = symtab + 24 * static_cast<Address>(index);
      guest_.put_value(at, name);
      guest_.put_value(at + 4, info);
      guest_.put_value(at + 8, value);
      guest_.put_value(at + 16, size);
    };
    symbol(0, 1, 0x10002, kModule + 0x10, 0x30);
    symbol(1, 6, 0x10002, kModule + 0x40, 0x40);
    symbol(2, 11, 0x10001, kMutex1, 0x20);
  }

  support::GuestInMemory guest_;
};

TEST_F(Dissect, SaysWhereEachCpuIs) {
  const auto found = dissect(guest_, image());
  EXPECT_EQ(found.problem, "");
  ASSERT_EQ(found.cpus.size(), 1u);
  EXPECT_FALSE(found.cpus[0].takes_interrupts);
  EXPECT_TRUE(found.cpus[0].in_kernel);
  EXPECT_EQ(found.cpus[0].registers, "RAX=0\n");
  EXPECT_EQ(found.cpus[0].task.pid, 88);
  EXPECT_EQ(found.cpus[0].task.name, "worker");
  EXPECT_EQ(found.cpus[0].task.frames, (std::vector<std::string>{"spin+0x0/0x40 [ex]", "? spin+0x25/0x40 [ex]"}));
}

TEST_F(Dissect, FindsBlockedTasksAndWhereTheyAre) {
  const auto found = dissect(guest_, image());
  ASSERT_EQ(found.tasks.size(), 2u);
  EXPECT_EQ(found.tasks[0].pid, 86);
  EXPECT_EQ(found.tasks[0].name, "abba_a");
  EXPECT_EQ(found.tasks[0].state, 'D');
  EXPECT_EQ(found.tasks[0].frames,
            (std::vector<std::string>{"? __mutex_lock+0x25/0x60", "? take+0x15/0x30 [ex]", "? kthread+0x5/0x100"}));
  EXPECT_EQ(found.tasks[1].pid, 87);
}

TEST_F(Dissect, FindsWhoHoldsTheMutexesThatTheyWaitFor) {
  const auto found = dissect(guest_, image());
  EXPECT_EQ(found.locks, (std::vector<judge::LockWait>{{86, 87, kMutex2}, {87, 86, kMutex1}}));
}

TEST_F(Dissect, SinceSevenTheMutexHasNoPartInTheRingOfItsWaiters) {
  guest_.put_value(kStackB + 0x3f00, kStackB + 0x3f00);
  guest_.put_value(kStackA + 0x3f00, kStackA + 0x3f00);
  const auto found = dissect(guest_, image("first_waiter"));
  EXPECT_EQ(found.locks, (std::vector<judge::LockWait>{{86, 87, kMutex2}, {87, 86, kMutex1}}));
}

TEST_F(Dissect, WithoutTheKernelsTablesHasTheRegistersAlone) {
  const auto found = dissect(guest_, kernel::KernelImage({}, {}, {}));
  ASSERT_EQ(found.cpus.size(), 1u);
  EXPECT_EQ(found.cpus[0].registers, "RAX=0\n");
  EXPECT_TRUE(found.tasks.empty());
  EXPECT_EQ(found.problem, "the kernel's file lacks the names of its functions and the layout of its structs");
}

TEST_F(Dissect, BearsMemoryThatMakesNoSense) {
  guest_.put_value(kTaskB + 16, Address{0x1234});       // the list of tasks is broken
  guest_.put_value(kModule + 0x2008, Address{0x1234});  // so is that of modules
  guest_.put_value(kTaskA + 8, Address{0});
  const auto found = dissect(guest_, image());
  EXPECT_EQ(found.tasks.size(), 2u);
  EXPECT_TRUE(found.locks.empty() || found.locks.size() == 1u);
}

}  // namespace
}  // namespace kmodtest::run
