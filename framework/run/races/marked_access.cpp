// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/marked_access.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace kmodtest::run {
namespace {

bool is_one_of(std::string_view word, const auto &words) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}
bool starts_with_one_of(std::string_view word, const auto &starts) {
  return std::any_of(std::begin(starts), std::end(starts),
                     [word](std::string_view start) { return word.starts_with(start); });
}
bool contains_one_of(std::string_view word, const auto &parts) {
  return std::any_of(std::begin(parts), std::end(parts),
                     [word](std::string_view part) { return word.find(part) != std::string_view::npos; });
}

bool is_marking_word(std::string_view word) {
  static constexpr std::string_view kWords[] = {
      "READ_ONCE",         "WRITE_ONCE",       "ACCESS_ONCE",       "data_race",         "smp_load_acquire",
      "smp_store_release", "smp_store_mb",     "set_current_state", "set_special_state", "__set_current_state",
      "__set_task_state",  "RCU_INIT_POINTER", "volatile",          "rcu_swap_protected"};
  static constexpr std::string_view kStarts[] = {
      "smp_cond_load_", "rcu_dereference", "rcu_assign_pointer", "rcu_access_pointer", "rcu_replace_pointer",
      "rcu_head_after", "atomic_",         "atomic64_",          "atomic_long_",       "xchg",
      "cmpxchg",        "try_cmpxchg",     "this_cpu_",          "__this_cpu_",        "raw_cpu_",
      "kfifo_",         "__atomic_",       "__READ_ONCE",        "__WRITE_ONCE",       "ASSERT_EXCLUSIVE"};
  return is_one_of(word, kWords) || starts_with_one_of(word, kStarts) || word.ends_with("_rcu");
}

bool is_of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Returns whether one of a call's functions begins or ends a section.
bool has_call(const kernel::InlinedCall &call, auto &&is_wanted) {
  return std::any_of(call.names.begin(), call.names.end(), is_wanted);
}

bool begins_reading(std::string_view name) {
  if (name.find("retry") != std::string_view::npos) return false;
  return contains_one_of(name, std::initializer_list<std::string_view>{"read_seq", "raw_seqcount_begin", "seqprop"});
}
bool ends_reading(std::string_view name) {
  return name.find("seq") != std::string_view::npos && name.find("retry") != std::string_view::npos;
}
bool begins_writing(std::string_view name) {
  static constexpr std::string_view kBegins[] = {"write_seqlock", "write_seqcount_begin", "write_seqcount_t_begin"};
  return contains_one_of(name, kBegins);
}
bool ends_writing(std::string_view name) {
  static constexpr std::string_view kEnds[] = {"write_sequnlock", "write_seqcount_end", "write_seqcount_t_end"};
  return contains_one_of(name, kEnds);
}

bool is_between(const std::vector<kernel::InlinedCall> &calls, int line, auto &&begins, auto &&ends) {
  const bool begun = std::any_of(calls.begin(), calls.end(), [&](const kernel::InlinedCall &call) {
    return call.line <= line && has_call(call, begins);
  });
  return begun && std::any_of(calls.begin(), calls.end(), [&](const kernel::InlinedCall &call) {
           return call.line >= line && has_call(call, ends);
         });
}

}  // namespace

bool marks_access(std::string_view statement, const Names &volatile_names) {
  std::string_view before;
  while (!statement.empty()) {
    const auto begin = std::find_if(statement.begin(), statement.end(), is_of_word);
    const auto end = std::find_if_not(begin, statement.end(), is_of_word);
    const std::string_view word(begin, end);
    const bool assembly = before == "asm" || before == "__asm__" || before == "__asm";  // asm volatile
    if ((is_marking_word(word) && !assembly) || volatile_names.contains(word)) return true;
    before = word;
    statement = {end, statement.end()};
  }
  return false;
}

bool is_marking_function(std::string_view name) {
  static constexpr std::string_view kBits[] = {"test_bit", "set_bit", "clear_bit", "change_bit", "bit_is_set"};
  static constexpr std::string_view kParts[] = {"atomic",    "seqcount",  "seqprop", "seqlock", "spin_unlock",
                                                "spin_lock", "refcount_", "kcsan_",  "ioread",  "static_key_",
                                                "iowrite",   "cmpxchg",   "queued_"};
  static constexpr std::string_view kStarts[] = {"readb",  "readw",  "readl",  "readq",   "writeb",     "writew",
                                                 "writel", "writeq", "__read", "__write", "__raw_read", "__raw_write",
                                                 "kref_",  "local_", "llist_", "xchg"};
  if (contains_one_of(name, kBits)) {
    constexpr std::string_view kArch = "arch_";
    if (name.starts_with(kArch)) name.remove_prefix(kArch.size());
    return !name.starts_with("__");  // __set_bit and its kin are not atomic
  }
  return contains_one_of(name, kParts) || starts_with_one_of(name, kStarts);
}

SequenceSection sequence_section(const std::vector<kernel::InlinedCall> &calls, int line) {
  if (is_between(calls, line, begins_reading, ends_reading)) return SequenceSection::reads;
  if (is_between(calls, line, begins_writing, ends_writing)) return SequenceSection::writes;
  return SequenceSection::none;
}

bool is_internal_variable(std::string_view name) {
  static constexpr std::string_view kStarts[] = {"__already_done", "__warned", "__print_once", "__gcov", "__once"};
  return starts_with_one_of(name, kStarts);
}

}  // namespace kmodtest::run
