// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/faults/fault_functions.hpp"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/faults/fault_module.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using Names = std::vector<std::string>;
constexpr const char *kRelease = "6.1.0-50-cloud-amd64";

Names symbols_of(const std::vector<const FaultFunction *> &functions) {
  Names names;
  for (const auto *function : functions) names.emplace_back(function->symbol);
  return names;
}

TEST(FaultFunctions, EachSymbolIsThereOnceForAKernelWithAnError) {
  constexpr int kNewest = 10000;
  std::map<std::string_view, int> until;
  for (const FaultFunction &function : fault_functions()) {
    const auto before = until.find(function.symbol);
    EXPECT_TRUE(before == until.end() || before->second <= function.since) << function.symbol;
    until[function.symbol] = function.before == 0 ? kNewest : function.before;
    EXPECT_FALSE(function.shown.empty()) << function.symbol;
    EXPECT_GT(function.error, 0) << function.symbol;
    EXPECT_TRUE(function.failure != Failure::uncopied || function.argument >= 0) << function.symbol;
  }
}

TEST(FaultFunctions, OnlyThoseThatAModuleImportsCount) {
  const Names imported = {"printk", "misc_register", "kmalloc_trace"};
  EXPECT_EQ(symbols_of(fault_functions_of(imported, {}, kRelease)), (Names{"kmalloc_trace", "misc_register"}));
  EXPECT_EQ(symbols_of(fault_functions_of(imported, {"kmalloc"}, kRelease)), Names{"kmalloc_trace"});
  EXPECT_EQ(symbols_of(fault_functions_of(imported, {"misc_*"}, kRelease)), Names{"misc_register"});
  EXPECT_TRUE(fault_functions_of(imported, {"vmalloc"}, kRelease).empty());
}

TEST(FaultFunctions, TheWordsSayWhatFailingMeans) {
  const auto words = [](std::string_view symbol) { return fault_words(*find_fault_function(symbol, kRelease)); };
  EXPECT_EQ(words("kmalloc_trace"), "kmalloc_trace:0:1");
  EXPECT_EQ(words("kthread_create_on_node"), "kthread_create_on_node:-12:-1");
  EXPECT_EQ(words("mempool_alloc"), "mempool_alloc:0:w1") << "waits where its caller may sleep";
  EXPECT_EQ(words("misc_register"), "misc_register:-12:-1");
  EXPECT_EQ(words("_copy_from_user"), "_copy_from_user:a2:-1");
  EXPECT_EQ(find_fault_function("printk", kRelease), nullptr);
}

TEST(FaultFunctions, WhatFailingMeansCanDependOnTheKernel) {
  const auto words = [](std::string_view release) {
    return fault_words(*find_fault_function("__blk_alloc_disk", release));
  };
  EXPECT_EQ(words("6.1.0-50-amd64"), "__blk_alloc_disk:0:-1");
  EXPECT_EQ(words("6.8.12"), "__blk_alloc_disk:0:-1");
  EXPECT_EQ(words("6.9.0-rc1"), "__blk_alloc_disk:-12:-1");
  EXPECT_EQ(words("6.12.117+deb13-amd64"), "__blk_alloc_disk:-12:-1");
  EXPECT_EQ(words("7.3.4"), "__blk_alloc_disk:-12:-1");
}

TEST(FaultFunctions, WhatReturnsNothingCannotFail) {
  EXPECT_EQ(find_fault_function("device_add_disk", "5.10.0-32-amd64"), nullptr);
  EXPECT_TRUE(fault_functions_of({"device_add_disk"}, {}, "5.10.0-32-amd64").empty());
  EXPECT_NE(find_fault_function("device_add_disk", "5.15.0"), nullptr);
  EXPECT_NE(find_fault_function("device_add_disk", ""), nullptr) << "the name of an unknown kernel's function";
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
