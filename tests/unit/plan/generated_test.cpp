// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "plan/vocabulary.hpp"
#include "plan_text.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::plan {
namespace {

std::string content(const std::string &name) {
  return support::read_file(std::string(KMODTEST_TEST_DATA) + "/../../testplans/" + name);
}

// To write them again: kmodtest schema > testplans/kmodtest.schema.json, and likewise for the reference.
TEST(Generated, SchemaOnDiskIsThatOfTheTable) {
  EXPECT_EQ(content("kmodtest.schema.json"), json_schema());
}
TEST(Generated, ReferenceOnDiskIsThatOfTheTable) {
  EXPECT_EQ(content("README.md"), reference_markdown());
}

TEST(Generated, SchemaHasEveryKeyAndOnlyKnownReferences) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  for (const Key &key : plan_table().keys) EXPECT_TRUE(schema.at("properties").contains(key.name)) << key.name;
  std::set<std::string> steps;
  for (const auto &choice : schema.at("$defs").at("step").at("anyOf"))
    if (choice.contains("required")) steps.insert(choice.at("required").at(0).get<std::string>());
  for (const StepKind &kind : step_kinds()) EXPECT_TRUE(steps.contains(kind.name)) << kind.name;
  const std::string text = schema.dump();
  for (std::size_t at = 0; (at = text.find("\"#/$defs/", at)) != std::string::npos; ++at) {
    const std::string name = text.substr(at + 9, text.find('"', at + 9) - at - 9);
    EXPECT_TRUE(schema.at("$defs").contains(name)) << name;
  }
}

/// Returns the first ```yaml block after `heading`.
std::string example_after(const std::string &text, const std::string &heading) {
  const std::size_t start = text.find("```yaml\n", text.find(heading)) + 8;
  return text.substr(start, text.find("```", start) - start);
}

/// The command that the examples of `wait` are about.
const std::string kReader = "  - run: {command: cat /dev/x, background: true, name: reader}\n";

TEST(Generated, TheExamplesOfTheReferenceAreRight) {
  std::string whole = example_after(reference_markdown(), "In two minutes");
  whole.replace(whole.find("module: my_module"), 17, "module: my-driver");
  EXPECT_EQ(good(whole).cases.size(), 3u);
  for (const StepKind &kind : step_kinds()) {
    std::string steps = "  - " + kind.example + "\n";
    if (kind.name == "unload") steps = "  - load\n" + steps;
    if (kind.name == "wait") steps = kReader + steps;
    const Plan plan = good("guest: {cpus: 4}\n" + with_steps(steps));
    EXPECT_EQ(plan.cases.size(), 1u) << kind.name;
  }
}

TEST(Generated, TheExampleOfEveryStepKeyIsAccepted) {
  for (const StepKind &kind : step_kinds()) {
    for (const Key &key : kind.table->keys) {
      if (kind.short_only) continue;
      std::string map = key.name + ": " + key.example;
      for (const Key &other : kind.table->keys)
        if (other.required && other.name != key.name) map += ", " + other.name + ": " + other.example;
      // Some keys have no meaning alone.
      if (kind.name == "dmesg" && (key.name == "since" || key.name == "within" || key.name == "for"))
        map += ", contains: x";
      if (kind.name == "modinfo" && key.name == "module") map += ", license: GPL";
      if (kind.name == "cpu" && key.name == "within") map += ", online: 1";
      if (kind.name == "sched") {
        if (key.name == "in") map += ", never_together: [a, b]";
        if (key.name != "in" && key.name != "never_together" && key.name != "thread") map += ", thread: my_thread";
        if (key.name == "thread" || key.name == "since" || key.name == "for") map += ", only_on: 3";
        if (key.name == "since") map += ", for: 3s";
      }
      if (kind.name == "run" && key.name == "name") map += ", background: true";
      const std::string before = kind.name == "unload" ? "  - load\n" : kind.name == "wait" ? kReader : "";
      const Plan plan = good("guest: {cpus: 4}\nmodule: {path: alpha, name: my_module}\nsteps:\n" + before + "  - " +
                             kind.name + ": {" + map + "}\n");
      EXPECT_EQ(plan.cases.size(), 1u) << kind.name << " " << map;
    }
  }
}

}  // namespace
}  // namespace kmodtest::plan
