// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/artifacts/bundle.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

class BundleTest : public ::testing::Test {
 protected:
  /// Returns a case of one module that was built and pushed.
  outcome::CaseFinished failed() const {
    auto test_case = std::make_shared<plan::Case>(*support::make_case("ex7_4", 2, " cpu=1"));
    test_case->modules = {{plan::ModuleSource::Kind::folder, "/src/ex7_4", "ex7_4", {}}};
    test_case->seed = 7;
    for (const char *source : {"built.c", "built.h", "built.mod.c"}) std::ofstream(folder_ / source) << source;
    std::ofstream(folder_ / "built.ko") << "ELF";
    outcome::CaseFinished made = support::finished(test_case, Outcome::failed, "'Exiting!' did not appear");
    auto seen = std::make_shared<judge::Observations>(*made.seen);
    seen->modules.resize(1);
    seen->modules[0].file = folder_ / "built.ko";
    made.seen = seen;
    made.machine.kernel = "debian-6.1-cloud";
    made.machine.virtual_time = true;
    made.machine.hypervisor = "QEMU 10";
    made.digest = "abc";
    return made;
  }
  void write(const outcome::CaseFinished &finished) const {
    std::filesystem::create_directory(bundle_);
    write_bundle(bundle_, finished, "1.2.3");
  }
  std::string refusal() const {
    try {
      read_bundle(bundle_);
    } catch (const base::UsageError &error) {
      return error.what();
    }
    return "no error";
  }

  const support::ScratchFolder folder_;
  const std::filesystem::path bundle_ = folder_ / "bundle";
};

TEST_F(BundleTest, HasAllThatItTakesToRunTheCaseAgain) {
  write(failed());
  EXPECT_EQ(support::read_file(bundle_ / "case/ex7_4.ko"), "ELF");
  EXPECT_EQ(support::read_file(bundle_ / "case/built.c"), "built.c");
  EXPECT_TRUE(std::filesystem::exists(bundle_ / "case/built.h"));
  EXPECT_FALSE(std::filesystem::exists(bundle_ / "case/built.mod.c"));
  EXPECT_EQ(support::read_file(bundle_ / "case/ex7_4.yaml"), R"(# Made by kmodtest of ex7_4 [cpus=2 cpu=1].
name: "ex7_4 works"
module:
  - {path: "./ex7_4.ko", name: "ex7_4"}
kernel: debian-6.1-cloud
time: virtual
guest:
  cpus: 2
  memory: 256M
steps:
  - load
  - sleep: 1s
  - unload
)");
  const Bundle bundle = read_bundle(bundle_);
  EXPECT_EQ(bundle.plan, bundle_ / "case/ex7_4.yaml");
  EXPECT_EQ(bundle.kernel, "");
  EXPECT_EQ(bundle.seed, 7u);
  EXPECT_TRUE(bundle.allow_kvm);
  EXPECT_EQ(bundle.digest, "abc");
}

TEST_F(BundleTest, SaysWhatItIs) {
  write(failed());
  EXPECT_EQ(support::read_file(bundle_ / "README.txt"), R"(Failed ex7_4 [cpus=2 cpu=1]: 'Exiting!' did not appear

To run exactly this case again, here or on another machine, use the path of this folder:

    kmodtest rerun FOLDER

To inspect its guest, add --pause-on-failure or --gdb.

Files:

    case           a plan of just this case, its variables filled in, the modules as they were pushed, and their sources
    case.json      the input of kmodtest rerun
    about.txt      versions, guest, host, modules and where their sources are
)");
  const std::string about = support::read_file(bundle_ / "about.txt");
  for (const char *line :
       {"\ndigest:       abc\n", "\nseed:         7\n", "\nkmodtest:     1.2.3\n", "\nhypervisor:   QEMU 10\n",
        "\nkernel:       6.1.0-49-cloud-amd64 (debian-6.1-cloud)\n", "\n  source:     /src/ex7_4\n",
        "\nguest:        2 CPUs, 256 MiB, virtual time, emulated, channel memory\n"})
    EXPECT_NE(about.find(line), std::string::npos) << line << about;
}

TEST_F(BundleTest, AKernelOfAFileIsNamedByItsPath) {
  outcome::CaseFinished finished = failed();
  finished.machine.kernel = "./bzImage";
  finished.machine.kernel_image = "/boot/bzImage";
  finished.machine.modules_dir = "/lib/modules/6";
  finished.machine.virtual_time = false;
  write(finished);
  const Bundle bundle = read_bundle(bundle_);
  EXPECT_EQ(bundle.kernel, "/boot/bzImage");
  EXPECT_EQ(bundle.modules_dir, "/lib/modules/6");
  EXPECT_FALSE(bundle.allow_kvm) << "real time without KVM";
  EXPECT_EQ(support::read_file(bundle_ / "case/ex7_4.yaml").find("kernel:"), std::string::npos);
  EXPECT_NE(support::read_file(bundle_ / "README.txt").find("elsewhere, name one with --kernel FILE"),
            std::string::npos);
}

TEST_F(BundleTest, WithoutAGuestThereIsNothingToRun) {
  outcome::CaseFinished finished = failed();
  finished.seen = support::seen({});
  write(finished);
  EXPECT_FALSE(std::filesystem::exists(bundle_ / "case"));
  EXPECT_NE(support::read_file(bundle_ / "README.txt")
                .find("Fix the problem and run\n\n    kmodtest run testplans/ex7_4.yaml"),
            std::string::npos);
  EXPECT_EQ(refusal(),
            bundle_.string() +
                " is not the folder of a case that can be run again: the case ended before a guest was started");
}

TEST_F(BundleTest, OtherFoldersAreRefused) {
  std::filesystem::create_directory(bundle_);
  const std::string start = bundle_.string() + " is not the folder of a case that can be run again: ";
  EXPECT_EQ(refusal(), start + "it has no case.json");
  for (const char *broken : {"", "[]", "{\"schema\": \"kmodtest-case\"", "{\"schema\": \"kmodtest-case\"}",
                             "{\"schema\": \"kmodtest-case\", \"version\": \"x\"}", "{\"schema\": 7}"}) {
    std::ofstream(bundle_ / "case.json") << broken;
    EXPECT_EQ(refusal(), start + "its case.json is broken") << broken;
  }
  std::ofstream(bundle_ / "case.json") << R"({"schema": "kmodtest-case", "version": 2})";
  EXPECT_EQ(refusal(), start + "a later version of kmodtest made it");
}

}  // namespace
}  // namespace kmodtest::report
