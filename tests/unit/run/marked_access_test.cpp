// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/marked_access.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using kernel::InlinedCall;

TEST(MarkedAccess, MacrosOfTheKernelMarkTheirStatement) {
  for (const char *statement :
       {"int value = READ_ONCE(sum);", "WRITE_ONCE(sum, value + number);", "x = data_race(statistics) + 1;",
        "while (!smp_load_acquire(&full))", "smp_store_release(&full, true);", "p = rcu_dereference(head);",
        "rcu_assign_pointer(head, fresh);", "list_for_each_entry_rcu(one, &items, in_list)",
        "if (atomic_read(&total) < 0)", "set_current_state(TASK_INTERRUPTIBLE);", "old = xchg(&woken, false);",
        "this_cpu_inc(hits);", "*(volatile int *)where = 5;", "__atomic_store_n(&x, 1, __ATOMIC_RELAXED);"})
    EXPECT_TRUE(marks_access(statement)) << statement;
}

TEST(MarkedAccess, NamesOfVolatileVariablesMark) {
  EXPECT_TRUE(marks_access("device->ready = 1;", {"ready"}));
  EXPECT_FALSE(marks_access("device->already = 1;", {"ready"}));
}

TEST(MarkedAccess, OtherWordsDoNot) {
  for (const char *statement :
       {"sum++;", "total = value + number;", "READ_ONCES(x);", "x = data_races + 1;", "MY_READ_ONCE(sum);",
        "if (my_atomic_read)", "spin_lock(&lock);", "asm volatile(\"bts %1,%0\" : : ADDR, \"Ir\" (nr));", ""})
    EXPECT_FALSE(marks_access(statement)) << statement;
}

TEST(MarkedAccess, FunctionsOfTheKernelMarkWhatIsInlined) {
  for (const char *name : {"atomic_read", "arch_atomic_inc", "raw_atomic64_read", "refcount_read", "test_bit",
                           "constant_test_bit", "arch_set_bit", "readl", "writel", "ioread32", "kref_get",
                           "native_queued_spin_unlock", "do_write_seqcount_begin", "local_inc"})
    EXPECT_TRUE(is_marking_function(name)) << name;
  for (const char *name : {"__set_bit", "___set_bit", "arch___test_and_set_bit", "list_add", "__list_add",
                           "INIT_LIST_HEAD", "get_unaligned"})
    EXPECT_FALSE(is_marking_function(name)) << name;
}

TEST(MarkedAccess, KnowsWhereASequenceIsReadAndWritten) {
  const std::vector<InlinedCall> reader = {{.line = 10, .names = {"read_seqbegin", "seqprop_sequence"}},
                                           {.line = 13, .names = {"read_seqretry", "do_read_seqcount_retry"}}};
  EXPECT_EQ(sequence_section(reader, 9), SequenceSection::none);
  EXPECT_EQ(sequence_section(reader, 11), SequenceSection::reads);
  EXPECT_EQ(sequence_section(reader, 14), SequenceSection::none);
  const std::vector<InlinedCall> writer = {{.line = 20, .names = {"write_seqlock", "spin_lock"}},
                                           {.line = 23, .names = {"write_sequnlock"}}};
  EXPECT_EQ(sequence_section(writer, 21), SequenceSection::writes);
  EXPECT_EQ(sequence_section(writer, 24), SequenceSection::none);
  EXPECT_EQ(sequence_section({}, 1), SequenceSection::none);
}

TEST(MarkedAccess, AReaderWithoutARetryIsNotProtected) {
  EXPECT_EQ(sequence_section({{.line = 10, .names = {"read_seqbegin"}}}, 11), SequenceSection::none);
}

TEST(MarkedAccess, TheKernelsOwnVariablesAreLeftOut) {
  EXPECT_TRUE(is_internal_variable("__already_done.3"));
  EXPECT_TRUE(is_internal_variable("__gcov0.adds"));
  EXPECT_FALSE(is_internal_variable("already_done"));
}

}  // namespace
}  // namespace kmodtest::run
