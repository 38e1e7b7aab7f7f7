// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/faults/fault_functions.hpp"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "kernel/faults/fault_module.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using Names = std::vector<std::string>;

Names symbols_of(const std::vector<const FaultFunction *> &functions) {
  Names names;
  for (const auto *function : functions) names.emplace_back(function->symbol);
  return names;
}

TEST(FaultFunctions, EachSymbolIsThereOnceWithAnError) {
  std::set<std::string_view> symbols;
  for (const FaultFunction &function : fault_functions()) {
    EXPECT_TRUE(symbols.insert(function.symbol).second) << function.symbol;
    EXPECT_FALSE(function.shown.empty()) << function.symbol;
    EXPECT_GT(function.error, 0) << function.symbol;
    EXPECT_TRUE(function.failure != Failure::uncopied || function.argument >= 0) << function.symbol;
  }
}

TEST(FaultFunctions, OnlyThoseThatAModuleImportsCount) {
  const Names imported = {"printk", "misc_register", "kmalloc_trace"};
  EXPECT_EQ(symbols_of(fault_functions_of(imported, {})), (Names{"kmalloc_trace", "misc_register"}));
  EXPECT_EQ(symbols_of(fault_functions_of(imported, {"kmalloc"})), Names{"kmalloc_trace"});
  EXPECT_EQ(symbols_of(fault_functions_of(imported, {"misc_*"})), Names{"misc_register"});
  EXPECT_TRUE(fault_functions_of(imported, {"vmalloc"}).empty());
}

TEST(FaultFunctions, TheWordsSayWhatFailingMeans) {
  const auto words = [](std::string_view symbol) { return fault_words(*find_fault_function(symbol)); };
  EXPECT_EQ(words("kmalloc_trace"), "kmalloc_trace:0:1");
  EXPECT_EQ(words("kthread_create_on_node"), "kthread_create_on_node:-12:-1");
  EXPECT_EQ(words("mempool_alloc"), "mempool_alloc:0:w1") << "waits where its caller may sleep";
  EXPECT_EQ(words("misc_register"), "misc_register:-12:-1");
  EXPECT_EQ(words("_copy_from_user"), "_copy_from_user:a2:-1");
  EXPECT_EQ(find_fault_function("printk"), nullptr);
}

TEST(FaultModule, ItsSourceIsWrittenOnce) {
  const support::ScratchFolder scratch;
  const auto folder = fault_module_folder(scratch.path());
  EXPECT_EQ(folder.filename(), "kmodtest_faults");
  EXPECT_NE(storage::read_whole_file(folder / "Kbuild").find("kmodtest_faults.o"), std::string::npos);
  storage::write_whole_file(folder / "Kbuild", "kept");
  EXPECT_EQ(fault_module_folder(scratch.path()), folder);
  EXPECT_EQ(storage::read_whole_file(folder / "Kbuild"), "kept");
}

/// Returns the names of the files in a folder.
std::set<std::string> names_in(const std::filesystem::path &folder) {
  std::set<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST(FaultModule, ItsSourceIsCompleteForEachOfManyThreads) {
  constexpr int kRounds = 50, kThreads = 4;
  for (int round = 0; round < kRounds; ++round) {
    const support::ScratchFolder scratch;
    std::vector<std::future<std::set<std::string>>> seen;
    for (int i = 0; i < kThreads; ++i)
      seen.push_back(
          std::async(std::launch::async, [&scratch] { return names_in(fault_module_folder(scratch.path())); }));
    for (auto &one : seen) {
      EXPECT_EQ(one.get(), (std::set<std::string>{"Kbuild", "allocators.c", "allocators.h", "calls.c", "faults.h",
                                                  "memory.c", "places.c"}));
    }
  }
}

}  // namespace
}  // namespace kmodtest::kernel
