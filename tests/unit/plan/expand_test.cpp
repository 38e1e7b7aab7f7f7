// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/expand.hpp"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "plan/guest_axes.hpp"
#include "plan/parameter_setting.hpp"
#include "plan_text.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::plan {
namespace {

using Strings = std::vector<std::string>;

Strings ids(const Plan &plan) {
  Strings out;
  for (const Case &c : plan.cases) out.push_back(c.id);
  return out;
}

const std::string kLoad = "module: alpha\nsteps:\n  - load: {params: {cpu: \"${cpu}\"}}\n";

TEST(Expand, OneCase) {
  const Plan plan = good("module: alpha\nsteps: [load]\n");
  EXPECT_EQ(ids(plan), Strings{"p [cpus=1]"});
  EXPECT_EQ(plan.name, "p");
  EXPECT_EQ(plan.cases[0].timeout, std::chrono::seconds{60 + 120 + 120}) << "the load and the unload take their time";
  EXPECT_EQ(plan.cases[0].kernel, "");
  EXPECT_EQ(plan.cases[0].guest, GuestShape{});
}

TEST(Expand, FirstAndLastAreThoseOfTheCase) {
  EXPECT_EQ(
      ids(good("guest: {cpus: [1, 2, 4]}\nmatrix: {cpu: [first, last]}\n" + kLoad)),
      (Strings{"p [cpus=1 cpu=0]", "p [cpus=2 cpu=0]", "p [cpus=2 cpu=1]", "p [cpus=4 cpu=0]", "p [cpus=4 cpu=3]"}));
}

TEST(Expand, APatternStandsForKernelsOfTheCatalogue) {
  const Strings catalogue{"debian-6.1-cloud", "debian-6.1", "debian-13-cloud"};
  EXPECT_EQ(kernels_meant("all", catalogue), catalogue);
  EXPECT_EQ(kernels_meant("*-cloud", catalogue), (Strings{"debian-6.1-cloud", "debian-13-cloud"}));
  EXPECT_EQ(kernels_meant("debian-6.1", catalogue), Strings{"debian-6.1"});
  EXPECT_EQ(kernels_meant("fedora-*", catalogue), Strings{"fedora-*"}) << "is refused by name later";
  EXPECT_EQ(kernels_meant("./k*/bzImage", catalogue), Strings{"./k*/bzImage"});

  Overrides overrides;
  overrides.catalogue = catalogue;
  EXPECT_EQ(ids(good("kernel: [debian-6.1, debian-6*]\nmodule: alpha\nsteps: [load]\n", overrides)),
            (Strings{"p [cpus=1 kernel=debian-6.1]", "p [cpus=1 kernel=debian-6.1-cloud]"}));
}

TEST(Expand, KernelIsAnAxis) {
  EXPECT_EQ(ids(good("kernel: [a, b]\nmatrix: {cpu: [0, 0, \"${cpus}\"]}\n" + kLoad)),
            (Strings{"p [cpus=1 cpu=0 kernel=a]", "p [cpus=1 cpu=1 kernel=a]", "p [cpus=1 cpu=0 kernel=b]",
                     "p [cpus=1 cpu=1 kernel=b]"}));
}

TEST(Expand, OverridesReplaceTheAxes) {
  Overrides overrides;
  overrides.cpus = {8, 8};
  overrides.kernels = {"host"};
  overrides.memory_mib = 1024;
  const Plan plan = good("kernel: a\nguest: {cpus: [1, 2], memory: 64M}\nmodule: alpha\nsteps: [load]\n", overrides);
  EXPECT_EQ(ids(plan), Strings{"p [cpus=8 kernel=host]"});
  EXPECT_EQ(plan.cases[0].guest.memory_mib, 1024u);
  EXPECT_EQ(plan.cases[0].kernel, "host");
}

TEST(Expand, ImplementationsAreAnAxis) {
  Overrides overrides;
  overrides.cpus = {1, 2};
  overrides.implementations = {{"alpha", "/students/anna/lab"}, {"alpha", "/students/ben/lab.ko"}, {"other", "/x"}};
  const Plan plan = good("module: alpha\nsteps: [load]\n", overrides);
  EXPECT_EQ(ids(plan), (Strings{"p [cpus=1 alpha=/students/anna/lab]", "p [cpus=2 alpha=/students/anna/lab]",
                                "p [cpus=1 alpha=/students/ben/lab.ko]", "p [cpus=2 alpha=/students/ben/lab.ko]"}));
  EXPECT_EQ(plan.cases[0].modules[0].kind, ModuleSource::Kind::folder);
  EXPECT_EQ(plan.cases[0].modules[0].path, "/students/anna/lab") << "its place is not the plan's to choose";
  EXPECT_EQ(plan.cases[0].modules[0].name, "alpha");
  EXPECT_EQ(plan.cases[2].modules[0].kind, ModuleSource::Kind::file);
  EXPECT_EQ(plan.cases[2].implementations, (std::vector<Implementation>{{"alpha", "/students/ben/lab.ko"}}));
}

TEST(Expand, AnImplementationStandsInForAModuleThatThePlanCannotFind) {
  Overrides overrides;
  overrides.implementations = {{"lab1", "/students/anna"}};
  const Plan plan = good("module: [{path: missing, name: lab1, make: {V: 1}}, alpha]\nsteps: [load]\n", overrides);
  ASSERT_EQ(plan.cases.size(), 1u);
  EXPECT_EQ(plan.cases[0].modules[0].path, "/students/anna");
  EXPECT_EQ(plan.cases[0].modules[0].build.make, Strings{"V=1"});
  EXPECT_EQ(plan.cases[0].modules[1].name, "alpha");
}

TEST(Expand, AStepHasThePointsNextToItsKey) {
  const Plan plan = good("module: alpha\nsteps:\n  - load\n  - dmesg: hi\n    points: 3\n  - points: 1\n    unload:\n");
  ASSERT_EQ(plan.cases[0].steps.size(), 3u);
  EXPECT_EQ(plan.cases[0].steps[0].points, 0u);
  EXPECT_EQ(plan.cases[0].steps[1].points, 3u);
  EXPECT_EQ(plan.cases[0].steps[2].key, "unload");
  EXPECT_EQ(plan.cases[0].steps[2].points, 1u);
  EXPECT_EQ(complaints("module: alpha\nsteps:\n  - load:\n    points: many\n").size(), 1u);
  EXPECT_EQ(complaints("module: alpha\nsteps:\n  - points: 2\n").size(), 1u);
}

TEST(Expand, ImpossibleOverridesAreRefused) {
  Overrides overrides;
  overrides.cpus = {65};
  try {
    parse("module: alpha\nsteps: [load]\n", overrides);
    FAIL();
  } catch (const base::UsageError &error) {
    EXPECT_STREQ(error.what(), "a guest has from 1 to 64 CPUs, not 65");
  }
}

TEST(Expand, ValuesThatCouldBeMisreadAreQuotedInIds) {
  EXPECT_EQ(ids(good("matrix: {cpu: [a b, \"\", \"x\\ty\"]}\n" + kLoad)),
            (Strings{"p [cpus=1 cpu=\"a b\"]", "p [cpus=1 cpu=\"\"]", "p [cpus=1 cpu=\"x\\x09y\"]"}));
}

TEST(Expand, AnUnusedVariableIsAWarning) {
  const std::string text = "matrix: {cpu: [0, 1]}\nmodule: alpha\nsteps: [load]\n";
  EXPECT_EQ(complaints(text),
            Strings{"warning: 1:10: the variable 'cpu' is not used (write \"${cpu}\" where it is meant)"});
  EXPECT_EQ(parse(text).plan.value().cases.size(), 2u);
}

TEST(Expand, TopologiesAndNodesAreAxes) {
  const Plan plan =
      good("guest: {topology: [1x4x1, 1x2x2, 1x4x1], numa: [1, 0/1-3, 1]}\nmatrix: {cpu: last}\n" + kLoad);
  EXPECT_EQ(ids(plan),
            (Strings{"p [cpus=4 topology=1x4x1 numa=1 cpu=3]", "p [cpus=4 topology=1x4x1 numa=0/1-3 cpu=3]",
                     "p [cpus=4 topology=1x2x2 numa=1 cpu=3]", "p [cpus=4 topology=1x2x2 numa=0/1-3 cpu=3]"}));
  const GuestShape &guest = plan.cases.at(3).guest;
  EXPECT_EQ((std::vector<int>{guest.cpus, guest.sockets, guest.cores, guest.threads}), (std::vector<int>{4, 1, 2, 2}));
  EXPECT_EQ(guest.numa, (std::vector<NumaCell>{{"0", 128}, {"1-3", 128}}));
  EXPECT_EQ(plan.cases.at(2).guest.numa, std::vector<NumaCell>{});
  EXPECT_EQ(plan.cases.at(3).point.at("topology"), "1x2x2");
  EXPECT_EQ(plan.cases.at(3).point.at("numa"), "0/1-3");
}

TEST(Expand, NodesMayHaveOtherMemoryAndNoCpus) {
  const auto cells = [](const std::string &numa) {
    return good("guest: {cpus: 4, numa: " + numa + "}\nmodule: alpha\nsteps: [load]\n").cases.at(0).guest.numa;
  };
  EXPECT_EQ(cells("\"0,2:64M/1,3:128M/:64M\""), (std::vector<NumaCell>{{"0,2", 64}, {"1,3", 128}, {"", 64}}));
  EXPECT_EQ(cells("\"0-3//\""), (std::vector<NumaCell>{{"0-3", 86}, {"", 85}, {"", 85}}));
  EXPECT_EQ(cells("0-3"), (std::vector<NumaCell>{{"0-3", 256}}));
  EXPECT_EQ(cells("1"), std::vector<NumaCell>{});
}

TEST(Expand, AListOfMapsIsALayoutAmongOthers) {
  const Plan plan = good(
      "guest: {cpus: 4, numa: [2, [{cpus: 0-2, memory: 64M}, {cpus: \"3\", memory: 128M}, {memory: 64M}]]}\n"
      "module: alpha\nsteps: [load]\n");
  EXPECT_EQ(ids(plan), (Strings{"p [cpus=4 numa=2]", "p [cpus=4 numa=0-2:64M/3:128M/:64M]"}));
  EXPECT_EQ(plan.cases.at(1).guest.numa, (std::vector<NumaCell>{{"0-2", 64}, {"3", 128}, {"", 64}}));
}

TEST(Expand, EachCpuAndEachNodeAreThoseOfTheCase) {
  EXPECT_EQ(ids(good("guest: {cpus: [1, 3]}\nmatrix: {cpu: [each, last]}\n" + kLoad)),
            (Strings{"p [cpus=1 cpu=0]", "p [cpus=3 cpu=0]", "p [cpus=3 cpu=1]", "p [cpus=3 cpu=2]"}));
  const std::string text = "guest: {cpus: 2, numa: [1, 3]}\nmatrix: {cpu: [";
  EXPECT_EQ(ids(good(text + "each node]}\n" + kLoad)), (Strings{"p [cpus=2 numa=1 cpu=0]", "p [cpus=2 numa=3 cpu=0]",
                                                                "p [cpus=2 numa=3 cpu=1]", "p [cpus=2 numa=3 cpu=2]"}));
  EXPECT_EQ(ids(good(text + "first node, last node]}\n" + kLoad)),
            (Strings{"p [cpus=2 numa=1 cpu=0]", "p [cpus=2 numa=3 cpu=0]", "p [cpus=2 numa=3 cpu=2]"}));
}

TEST(Expand, TheGuestsShapeIsInVariables) {
  const auto label = [](const std::string &guest, const std::string &matrix) {
    const std::string text = "guest: {" + guest + "}\n" + matrix +
                             "module: alpha\nsteps:\n  - run: \"${sockets} ${cores} ${threads} ${nodes}\"\n";
    return std::get<wire::RunCommand>(good(text).cases.at(0).steps.at(0).guest->body).command;
  };
  EXPECT_EQ(label("cpus: 4", ""), "1 4 1 1");
  EXPECT_EQ(label("topology: 2x4x2, numa: 0-3/4-15", ""), "2 4 2 2");
  EXPECT_EQ(label("cpus: 4, threads: \"${threads}\"", "matrix: {threads: [2, 1]}\n"), "1 2 2 1");
}

TEST(Expand, TopologiesOfTheCommandLineReplaceTheAxis) {
  Overrides overrides;
  overrides.topologies = {parse_topology("2x1x1").value.value(), parse_topology(" 1x1x4 ").value.value()};
  EXPECT_EQ(ids(good("guest: {cpus: [1, 2]}\nmodule: alpha\nsteps: [load]\n", overrides)),
            (Strings{"p [cpus=2 topology=2x1x1]", "p [cpus=4 topology=1x1x4]"}));
  overrides.topologies.clear();
  overrides.cpus = {8};
  const Plan plan = good("guest: {topology: [2x2x1, 1x1x1]}\nmodule: alpha\nsteps: [load]\n", overrides);
  EXPECT_EQ(ids(plan), Strings{"p [cpus=8]"});
  EXPECT_EQ(plan.cases.at(0).guest.sockets, 0);
}

TEST(Expand, TooManyCasesOfEachCpuAreRefused) {
  EXPECT_EQ(complaints("guest: {cpus: 64}\nmatrix: {cpu: each, b: each, c: [1, 2]}\n" + kLoad),
            Strings{"2:30: the matrix has more than 4096 cases"});
}

TEST(Expand, TopologyIsFilledUp) {
  const auto shape = [](const std::string &guest) {
    return good("guest: {" + guest + "}\nmodule: alpha\nsteps: [load]\n").cases.at(0).guest;
  };
  const GuestShape two = shape("cpus: 8, sockets: 2, threads: 2");
  EXPECT_EQ((std::vector<int>{two.sockets, two.cores, two.threads}), (std::vector<int>{2, 2, 2}));
  const GuestShape cores = shape("cpus: 8, cores: 4");
  EXPECT_EQ((std::vector<int>{cores.sockets, cores.cores, cores.threads}), (std::vector<int>{2, 4, 1}));
}

TEST(Expand, ModuleRootsAreLookedUp) {
  const std::string text = "module: my-driver\nsteps: [load]\n";
  const std::string data = std::string(KMODTEST_TEST_DATA) + "/plans/";
  Overrides overrides;
  overrides.module_roots = {data + "modules"};
  const ParseResult result = parse_plan_text(text, "/nonexistent/p.yaml", overrides);
  ASSERT_TRUE(result.plan.has_value());
  EXPECT_EQ(result.plan->cases[0].modules[0].name, "my_driver");
  const ParseResult without = parse_plan_text(text, "/nonexistent/p.yaml");
  ASSERT_EQ(without.diagnostics.size(), 1u);
  EXPECT_EQ(without.diagnostics[0].message,
            "unknown module 'my-driver' (looked for ./my-driver.ko, ./my-driver, ./modules/my-driver, "
            "../modules/my-driver)");
}

TEST(Expand, AModuleMayDependOnTheMatrix) {
  const Plan plan = good("matrix: {m: [alpha, beta]}\nmodule: \"${m}\"\nsteps:\n  - load\n  - lsmod\n  - unload\n");
  ASSERT_EQ(plan.cases.size(), 2u);
  EXPECT_EQ(plan.cases[1].modules[0].name, "beta");
  EXPECT_EQ(plan.cases[1].steps[0].guest->label, "load beta");
  EXPECT_EQ(plan.cases[1].steps[1].guest->label, "lsmod beta");
}

TEST(Expand, ModulesOfAFolderOfPlansLieInTheFolderOfThatName) {
  const support::ScratchFolder scratch;
  scratch.write("modules/faulty/gamma/Kbuild", "obj-m := gamma.o\n");
  scratch.write("modules/other/delta/Kbuild", "obj-m := delta.o\n");
  scratch.write("plans/faulty/p.yaml", "");
  const auto plan = scratch.path() / "plans/faulty/p.yaml";
  const ParseResult found = parse_plan_text("module: gamma\nsteps: [load]\n", plan);
  ASSERT_TRUE(found.plan.has_value());
  EXPECT_EQ(found.plan->cases[0].modules[0].path, scratch.path() / "modules/faulty/gamma");
  const ParseResult outside = parse_plan_text("module: ../../modules/other/delta\nsteps: [load]\n", plan);
  ASSERT_EQ(outside.diagnostics.size(), 1u);
  EXPECT_EQ(outside.diagnostics[0].message,
            "the module '../../modules/other/delta' is outside of the plan's folder and of the modules' folders "
            "(--modules DIR allows another one)");
}

TEST(Expand, NeedsAreFeaturesOrOptions) {
  const Plan plan = good("needs: [kasan, CONFIG_NUMA, kasan]\nmodule: alpha\nsteps: [load]\n");
  EXPECT_EQ(plan.cases.at(0).needs, (std::vector<Need>{{"kasan", "CONFIG_KASAN"}, {"CONFIG_NUMA", "CONFIG_NUMA"}}));
  EXPECT_EQ(good("needs: lockdep\nmodule: alpha\nsteps: [load]\n").cases.at(0).needs,
            (std::vector<Need>{{"lockdep", "CONFIG_PROVE_LOCKING"}}));
  EXPECT_TRUE(good("module: alpha\nsteps: [load]\n").cases.at(0).needs.empty());
}

TEST(Expand, SkipKeepsTheCases) {
  EXPECT_EQ(good("skip: not yet\nmodule: alpha\nsteps: [load]\n").cases.at(0).skip, "not yet");
}

TEST(Expand, AThousandCases) {
  std::string values;
  for (int i = 0; i < 1000; ++i) values += (i == 0 ? "" : ", ") + std::to_string(i);
  const Plan plan =
      good("matrix: {cpu: [" + values + "]}\n" + kLoad + "  - dmesg: \"CPU ${cpu}\"\n  - ps: alpha\n  - unload\n");
  ASSERT_EQ(plan.cases.size(), 1000u);
  EXPECT_EQ(plan.cases[999].steps[1].guest->label, "dmesg contains 1");
  EXPECT_EQ(std::get<wire::LogCondition>(plan.cases[999].steps[1].guest->body).contains[0].text, "CPU 999");
}

TEST(PlanForModule, LoadsWatchesAndUnloads) {
  Overrides overrides;
  overrides.cpus = {4};
  const Plan plan = plan_for_module({std::string(KMODTEST_TEST_DATA) + "/plans/my-module.ko"}, overrides);
  EXPECT_EQ(plan.name, "my-module");
  ASSERT_EQ(ids(plan), Strings{"my-module [cpus=4]"});
  const Case &only = plan.cases[0];
  EXPECT_TRUE(only.plan_file.empty());
  EXPECT_EQ(only.modules[0].name, "my_module");
  EXPECT_EQ(only.modules[0].kind, ModuleSource::Kind::file);
  Strings labels;
  for (const Step &step : only.steps) labels.push_back(step.guest->label);
  EXPECT_EQ(labels, (Strings{"load my_module", "sleep 1s", "unload my_module", "repeat 10"}));
  EXPECT_TRUE(std::get<wire::Repeat>(only.steps[3].guest->body).added);
  overrides.load_cycles = 50;
  const Case repeated =
      plan_for_module({std::string(KMODTEST_TEST_DATA) + "/plans/my-module.ko"}, overrides).cases.at(0);
  ASSERT_EQ(repeated.steps.size(), 4u);
  EXPECT_EQ(repeated.steps[3].guest->label, "repeat 50");
  const auto &repeat = std::get<wire::Repeat>(repeated.steps[3].guest->body);
  EXPECT_EQ(repeat.times, 50u);
  EXPECT_FALSE(repeat.added);
  EXPECT_GT(repeated.timeout, only.timeout);
  overrides.load_cycles = 1;
  EXPECT_EQ(
      plan_for_module({std::string(KMODTEST_TEST_DATA) + "/plans/my-module.ko"}, overrides).cases.at(0).steps.size(),
      3u);
}

TEST(PlanForModule, FillsInTheModulesThatABuildHasMade) {
  const support::ScratchFolder scratch;
  scratch.write("tree-1.0/Kbuild", "obj-m := a.o b.o\n");
  const Case open = plan_for_module({scratch.path() / "tree-1.0"}).cases.at(0);
  ModuleSource a = open.modules.at(0);
  EXPECT_TRUE(a.all);
  a.all = false;
  ModuleSource b = a;
  a.name = "a";
  b.name = "b";
  const Case complete = with_modules(open, {a, b});
  EXPECT_TRUE(complete.is(open));
  EXPECT_EQ(complete.modules.size(), 2u);
  EXPECT_EQ(complete.steps[0].guest->label, "load a b");
  EXPECT_EQ(std::get<wire::Load>(complete.steps[0].guest->body).modules.at(1).name, "b");
  EXPECT_EQ(std::get<wire::Unload>(complete.steps[2].guest->body).modules, (Strings{"b", "a"}));
  EXPECT_EQ(std::get<wire::Repeat>(complete.steps[3].guest->body).modules.size(), 2u);
}

TEST(ModuleKeys, ATreeIsBuiltInOneOfItsFolders) {
  const support::ScratchFolder scratch;
  scratch.write("tree/drv/Kbuild", "obj-m := my.o\n");
  scratch.write("odd-1.0/Kbuild", "obj-m := my.o\n");
  const auto plan = [&](const std::string &module) {
    return parse_plan_text("module: " + module + "\nsteps: [load]\n", scratch.path() / "p.yaml");
  };
  const auto parsed = plan("{tree: tree, dir: drv, name: my, make: {CONFIG_X: m}, target: all, before: ./configure}");
  ASSERT_TRUE(parsed.plan.has_value());
  const ModuleSource &module = parsed.plan->cases.at(0).modules.at(0);
  EXPECT_EQ(module.path, scratch.path() / "tree/drv");
  EXPECT_EQ(module.build.tree, scratch.path() / "tree");
  EXPECT_EQ(module.build.make, Strings{"CONFIG_X=m"});
  EXPECT_EQ(module.build.target, "all");
  EXPECT_EQ(module.build.before, "./configure");
  EXPECT_EQ(plan("odd-1.0").plan->cases.at(0).modules.at(0).name, "my") << "the only module in its Kbuild";
  EXPECT_EQ(plan("{tree: tree, dir: ../.., name: my}").diagnostics.at(0).message, "'dir' is not below the tree");
  EXPECT_EQ(plan("{path: odd-1.0, dir: x}").diagnostics.at(0).message,
            "'dir' is a folder of a 'tree' (e.g. {tree: .., dir: drv})");
}

TEST(Files, HaveAPlaceInTheGuest) {
  const support::ScratchFolder scratch;
  scratch.write("my/Kbuild", "obj-m := my.o\n");
  scratch.write("tools/probe", "#!/bin/sh\n");
  scratch.write("fw.bin", "x");
  const auto plan = [&](const std::string &files) {
    return parse_plan_text("module: my\n" + files + "\nsteps: [load]\n", scratch.path() / "p.yaml");
  };
  const auto error = [&](const std::string &files) { return plan(files).diagnostics.at(0).message; };
  const auto parsed = plan(
      "files: [tools/probe, {from: tools/, to: /usr/share/my}, {from: fw.bin, to: data}]\n"
      "firmware: {from: fw.bin, to: vendor/fw.bin}");
  ASSERT_TRUE(parsed.plan.has_value()) << parsed.diagnostics.at(0).message;
  EXPECT_EQ(parsed.plan->cases.at(0).files,
            (std::vector<FileSource>{{scratch.path() / "tools/probe", "/tmp/probe"},
                                     {scratch.path() / "tools", "/usr/share/my"},
                                     {scratch.path() / "fw.bin", "/tmp/data"},
                                     {scratch.path() / "fw.bin", "/lib/firmware/vendor/fw.bin"}}));
  EXPECT_EQ(error("files: tools/prove"), "there is no file 'tools/prove'");
  EXPECT_EQ(error("files: /etc/passwd"),
            "the file '/etc/passwd' is outside of the plan's folder (--modules DIR allows another one)");
  EXPECT_EQ(error("files: {from: fw.bin, to: /bin/busybox}"), "a file cannot be at '/bin/busybox' in the guest");
  EXPECT_EQ(error("files: {from: fw.bin, to: /sys/x}"), "a file cannot be at '/sys/x' in the guest");
  EXPECT_EQ(error("files: {from: fw.bin, to: /tmp/../x}"), "a file cannot be at '/tmp/../x' in the guest");
  EXPECT_EQ(error("files: [fw.bin, {from: tools, to: /tmp/fw.bin}]"),
            "two files would be at '/tmp/fw.bin' in the guest");
  EXPECT_EQ(error("files: [[fw.bin]]"), "a file is a text or a map, not a list");
}

TEST(Devices, AreThoseOfTheTable) {
  using Devices = std::vector<base::ChosenDevice>;
  EXPECT_EQ(good("module: alpha\nguest: {devices: [edu, usb-kbd]}\nsteps: [load]\n").cases.at(0).guest.devices,
            (Devices{{"edu"}, {"usb-kbd"}}));
  EXPECT_EQ(
      good("module: alpha\nguest: {devices: {device: nvme, size: 1G}}\nsteps: [load]\n").cases.at(0).guest.devices,
      (Devices{{"nvme", 1u << 30}}));
  EXPECT_EQ(good("module: alpha\nguest: {devices: [\"${disk}\"]}\nmatrix: {disk: [edu, scsi-hd]}\nsteps: [load]\n")
                .cases.at(1)
                .guest.devices,
            (Devices{{"scsi-hd", 64u << 20}}));
}

TEST(Devices, ThatAGuestCannotHaveAreRefused) {
  const auto refused = [](const std::string &devices) {
    const auto all = complaints("module: alpha\nguest: {devices: " + devices + "}\nsteps: [load]\n");
    return all.empty() ? "nothing" : all.front();
  };
  EXPECT_THAT(refused("{device: edu, size: 1M}"), testing::HasSubstr("edu has no size"));
  for (const char *size : {"0", "4095", "1500K", "2000000M"})
    EXPECT_THAT(refused("{device: nvme, size: " + std::string(size) + "}"), testing::HasSubstr("a disk has 1M to 1T"))
        << size;
  EXPECT_THAT(refused("[ide-hd, ide-hd, ide-hd, ide-hd, ide-hd, ide-hd, ide-hd]"),
              testing::HasSubstr("at most 6 disks"));
  EXPECT_THAT(refused("{device: ivshmem-plain, size: 3M}"), testing::HasSubstr("a power of two, 1M to 64M"));
  EXPECT_THAT(refused("[nvmee]"), testing::HasSubstr("did you mean 'nvme'"));
  EXPECT_THAT(refused("[[nvme]]"), testing::HasSubstr("a device is a text or a map, not a list"));
}

TEST(ParameterSetting, NamesAModuleOrNone) {
  EXPECT_EQ(parse_parameter("debug=1").value, (ParameterSetting{"", "debug", "1"}));
  EXPECT_EQ(parse_parameter("my-drv.mode=a=b,c").value, (ParameterSetting{"my_drv", "mode", "a=b,c"}));
  EXPECT_EQ(parse_parameter("name=").value, (ParameterSetting{"", "name", ""}));
  EXPECT_EQ(text_of(*parse_parameter("my-drv.mode=a").value), "my_drv.mode=a");
  for (const char *text : {"debug", "=1", ".debug=1", "a b=1"})
    EXPECT_EQ(parse_parameter(text).error,
              "'" + std::string(text) + "' is not of the form NAME=VALUE or MODULE.NAME=VALUE");
}

TEST(PlanForModule, SaysWhatIsNoModule) {
  const auto message = [](const std::filesystem::path &path) -> std::string {
    try {
      plan_for_module({path});
    } catch (const base::UsageError &error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_EQ(message("nowhere.ko"), "there is no module 'nowhere.ko'");
  EXPECT_EQ(message("/proc/version"), "the file '/proc/version' is not a kernel module (its name does not end in .ko)");
}

TEST(ParsePlanFile, SaysWhyItCannotBeRead) {
  try {
    parse_plan_file("/nonexistent/p.yaml");
    FAIL();
  } catch (const base::Error &error) {
    EXPECT_STREQ(error.what(), "cannot read the plan /nonexistent/p.yaml: No such file or directory");
    EXPECT_EQ(error.blame(), base::Blame::usage);
  }
}

TEST(Packages, AreNamesOfADistribution) {
  const Plan plan = good("packages: [dmsetup, g++, libstdc++6]\n" + with_steps("  - load\n"));
  EXPECT_EQ(plan.cases.at(0).packages, (std::vector<std::string>{"dmsetup", "g++", "libstdc++6"}));
  for (const char *wrong : {"tool-", "-o", "a", "Tool", "tool=1", "../tool", "tool tool"}) {
    const auto all = complaints(fmt::format("packages: '{}'\n", wrong) + with_steps("  - load\n"));
    ASSERT_FALSE(all.empty()) << wrong;
    EXPECT_EQ(all.front(), fmt::format("1:11: '{}' cannot be the name of a package", wrong));
  }
}

}  // namespace
}  // namespace kmodtest::plan
