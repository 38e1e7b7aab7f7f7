// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {

/// Expects the text of tests/data/terminal/NAME. With KMODTEST_UPDATE_SNAPSHOTS set, writes it there (`make
/// snapshots`).
inline void expect_snapshot(const std::string &name, const std::string &text) {
  const std::filesystem::path file = std::filesystem::path(KMODTEST_TEST_DATA) / "terminal" / name;
  if (std::getenv("KMODTEST_UPDATE_SNAPSHOTS") != nullptr) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(file)) << file << " is missing; 'make snapshots' writes it";
  EXPECT_EQ(support::read_file(file), text) << "if this is intended, 'make snapshots' writes tests/data/terminal again";
}

}  // namespace kmodtest::report
