// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>
#include <unistd.h>

#include "base/error_index.hpp"
#include "plan/plan.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::plan {
namespace {

/// A folder with a module `hello`, for plans next to it.
class Folder {
 public:
  Folder() { scratch_.write("hello/Kbuild", "obj-m += hello.o\n"); }
  std::filesystem::path plan() const { return scratch_ / "hello.yaml"; }

 private:
  const support::ScratchFolder scratch_;
};

TEST(ErrorExamples, EachPlanHasTheErrorThatItStandsFor) {
  const Folder folder;
  std::size_t plans = 0;
  for (const base::ErrorArea *area : base::error_areas()) {
    for (const base::ErrorText &text : area->errors) {
      if (text.kind != base::ErrorText::Example::plan) continue;
      ++plans;
      const ParseResult result = parse_plan_text(text.example + "\n", folder.plan());
      std::string said;
      std::set<base::Code> codes;
      for (const Diagnostic &diagnostic : result.diagnostics) {
        said += diagnostic.str();
        codes.insert(diagnostic.code);
      }
      EXPECT_EQ(codes.count(text.code), 1u) << base::name_of(text.code) << "\n" << text.example << "\n" << said;
      EXPECT_EQ(codes.size(), 1u) << base::name_of(text.code) << " and others:\n" << said;
    }
  }
  EXPECT_GT(plans, 35u);
}

TEST(ErrorExamples, EachDiagnosticHasACodeThatTheTableKnows) {
  const Folder folder;
  for (const char *plan : {"module: hello\nsteps: [lod, load]\nfoo: 1\ntimeout: 1x\n", "", "[1]", "module: {}\n"}) {
    const ParseResult result = parse_plan_text(plan, folder.plan());
    EXPECT_FALSE(result.diagnostics.empty()) << plan;
    for (const Diagnostic &diagnostic : result.diagnostics)
      EXPECT_NE(base::text_of(diagnostic.code), nullptr) << diagnostic.str();
  }
}

}  // namespace
}  // namespace kmodtest::plan
