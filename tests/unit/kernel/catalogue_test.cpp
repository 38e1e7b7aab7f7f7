// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <set>

#include "kernel/kernel.hpp"
#include "storage/cache_folder.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;

constexpr const char *kOne =
    "kernels:\n"
    "  - name: a\n"
    "    suite: s\n"
    "    image_package: i\n"
    "    headers_package: h\n";

std::string error_in(const ScratchFolder &folder, const std::string &text) {
  const auto file = folder.write("kernels.yaml", text);
  auto message = error_of([&] { read_catalogue(file); });
  // Only the part that does not depend on the scratch folder's path.
  const auto prefix = file.string() + ":";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

TEST(Catalogue, TheShippedOneHasCloudFullAndRtKernelsOfEachVersion) {
  const auto entries = read_catalogue(storage::find_data_file("kernels.yaml"));
  const KernelStore store(entries, "/nowhere", base::ignored_notices());
  EXPECT_EQ(store.default_entry().name, "debian-6.1-cloud");
  std::set<std::string> names;
  for (const auto &entry : entries) {
    names.insert(entry.name);
    for (const auto &file : entry.config) EXPECT_NO_THROW(storage::find_data_file(file)) << file;
  }
  for (const std::string version : {"debian-5.10", "debian-6.1", "debian-6.12", "debian-13", "debian-13-backports"}) {
    EXPECT_TRUE(names.contains(version + "-cloud")) << version;
    EXPECT_TRUE(names.contains(version + "-rt")) << version;
    EXPECT_EQ(store.fuller_than(version + "-cloud"), version);
    EXPECT_EQ(store.fuller_than(version), "");
  }
  EXPECT_EQ(store.fuller_than("newest"), "debian-13-backports");
  EXPECT_EQ(store.fuller_than("/boot/vmlinuz"), "");
}

TEST(Catalogue, ReadsEveryKey) {
  const ScratchFolder folder;
  const auto file = folder.write("k.yaml", std::string(kOne) +
                                               "    description: d\n"
                                               "    default: true\n"
                                               "    alias: b\n"
                                               "    fuller: a\n"
                                               "    make_arguments: [A=1, B=]\n");
  const auto entries = read_catalogue(file);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[0].description, "d");
  EXPECT_TRUE(entries[0].is_default);
  EXPECT_EQ(entries[0].alias, "b");
  EXPECT_EQ(entries[0].fuller, "a");
  EXPECT_EQ(entries[0].suite, "s");
  EXPECT_EQ(entries[0].image_package, "i");
  EXPECT_EQ(entries[0].headers_package, "h");
  EXPECT_EQ(entries[0].make_arguments, (std::vector<std::string>{"A=1", "B="}));
}

constexpr const char *kBuilt =
    "kernels:\n"
    "  - name: a\n"
    "    suite: s\n"
    "    source_package: linux-source-6.1\n"
    "    config: [a.config, b.config]\n";

TEST(Catalogue, ReadsAKernelThatIsBuiltHere) {
  const ScratchFolder folder;
  const auto entries = read_catalogue(
      folder.write("k.yaml", std::string(kBuilt) + "    compiled_files: 12\n    build_arguments: [A=1]\n"));
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_TRUE(entries[0].is_built());
  EXPECT_EQ(entries[0].source_package, "linux-source-6.1");
  EXPECT_EQ(entries[0].config, (std::vector<std::string>{"a.config", "b.config"}));
  EXPECT_EQ(entries[0].compiled_files, 12);
  EXPECT_EQ(entries[0].build_arguments, std::vector<std::string>{"A=1"});
  EXPECT_EQ(error_in(folder, std::string(kBuilt) + "    image_package: i\n"),
            "6:20: a kernel with 'source_package' has no 'image_package' | correct it, or install kmodtest again");
  EXPECT_EQ(error_in(folder, std::string(kBuilt) + "    compiled_files: some\n"),
            "6:21: 'compiled_files' has to be a number | correct it, or install kmodtest again");
  EXPECT_EQ(
      error_in(folder, "kernels:\n  - name: a\n    suite: s\n    source_package: x\n"),
      "2:5: a kernel with 'source_package' needs a list 'config' of files | correct it, or install kmodtest again");
}

TEST(Catalogue, NamesLineAndColumnOfWhatIsWrong) {
  const ScratchFolder folder;
  EXPECT_EQ(error_in(folder, std::string(kOne) + "    siute: x\n"),
            "6:5: unknown key 'siute' | correct it, or install kmodtest again");
  EXPECT_EQ(error_in(folder, "kernels:\n  - name: a\n    suite: s\n    image_package: i\n"),
            "2:5: this kernel lacks the key 'headers_package' | correct it, or install kmodtest again");
  EXPECT_EQ(error_in(folder, std::string(kOne) + "    fuller: b\n"),
            "6:13: there is no kernel 'b' | correct it, or install kmodtest again");
  EXPECT_EQ(error_in(folder, std::string(kOne) + "    default: perhaps\n"),
            "6:14: 'default' has to be true or false | correct it, or install kmodtest again");
  EXPECT_EQ(error_in(folder, std::string(kOne) + "    make_arguments: CC=x\n"),
            "6:21: 'make_arguments' has to be a list of words | correct it, or install kmodtest again");
  EXPECT_EQ(error_in(folder, std::string(kOne) + "    description: [a]\n"),
            "6:18: 'description' has to be a text | correct it, or install kmodtest again");
  EXPECT_EQ(
      error_in(folder, "kernels: 3\n"),
      "1:1: the catalogue needs a list 'kernels' with at least one kernel | correct it, or install kmodtest again");
  EXPECT_EQ(
      error_in(folder, ""),
      "1:1: the catalogue needs a list 'kernels' with at least one kernel | correct it, or install kmodtest again");
}

TEST(Catalogue, RefusesNamesThatAreNoFolderAndTwiceTheSame) {
  const ScratchFolder folder;
  const std::string again = std::string(kOne).substr(std::string("kernels:\n").size());
  EXPECT_EQ(error_in(folder, kOne + again),
            "6:11: there are two kernels named 'a' | correct it, or install kmodtest again");
  std::string escaping = kOne;
  escaping.replace(escaping.find("name: a"), 7, "name: ../a");
  EXPECT_EQ(error_in(folder, escaping),
            "2:11: '../a' cannot be the name of a kernel | correct it, or install kmodtest again");
}

TEST(Catalogue, RefusesTwoDefaults) {
  const ScratchFolder folder;
  const std::string text =
      "kernels:\n"
      "  - {name: a, default: true, suite: s, image_package: i, headers_package: h}\n"
      "  - {name: b, default: true, suite: s, image_package: i, headers_package: h}\n";
  EXPECT_EQ(error_in(folder, text), "3:24: 'a' and 'b' are both the default | correct it, or install kmodtest again");
}

TEST(KernelStore, AnUnknownNameListsTheKnownOnes) {
  CatalogueEntry entry;
  entry.name = "debian";
  KernelStore store({entry}, "/nowhere", base::ignored_notices());
  EXPECT_EQ(error_of([&] { store.resolve("debain"); }),
            "there is no kernel 'debain' | use one of debian, 'host', or the path of a kernel");
}

TEST(KernelStore, ADamagedManifestOrOneOfAnotherSuiteIsNoKernel) {
  const ScratchFolder folder;
  CatalogueEntry entry;
  entry.name = "k";
  entry.suite = "s";
  const KernelStore store({entry}, folder.path(), base::ignored_notices());
  EXPECT_FALSE(store.cached("k").has_value());
  folder.write("kernels/k/manifest.yaml", "layout: [1");
  EXPECT_FALSE(store.cached("k").has_value());
  const auto manifest = [&](const std::string &suite) {
    return "layout: 2\norigin: " + suite + "\nrelease: 1.2\nimage: vmlinuz\nmodules_dir: m\nheaders: h\ndigest: ab\n";
  };
  folder.write("kernels/k/manifest.yaml", manifest("s"));
  folder.write("kernels/k/m/modules.dep", "");
  folder.write("kernels/k/h/Makefile", "");
  EXPECT_FALSE(store.cached("k").has_value()) << "its image is missing";
  folder.write("kernels/k/vmlinuz", "image");
  ASSERT_TRUE(store.cached("k").has_value());
  EXPECT_EQ(store.cached("k")->release, "1.2");
  EXPECT_EQ(store.cached("k")->image, folder.path() / "kernels/k/vmlinuz");
  folder.write("kernels/k/manifest.yaml", manifest("other"));
  EXPECT_FALSE(store.cached("k").has_value());
}

// A cache that is copied to another machine, or into a CI job, keeps its kernels.
TEST(KernelStore, ACacheCanBeMoved) {
  const ScratchFolder folder, elsewhere;
  CatalogueEntry entry;
  entry.name = "k";
  entry.suite = "s";
  folder.write("kernels/k/manifest.yaml",
               "layout: 2\norigin: s\nrelease: 1.2\nimage: vmlinuz\nmodules_dir: m\nheaders: h\ndigest: ab\n");
  folder.write("kernels/k/m/modules.dep", "");
  folder.write("kernels/k/h/Makefile", "");
  folder.write("kernels/k/vmlinuz", "image");
  std::filesystem::copy(folder.path() / "kernels", elsewhere.path() / "kernels",
                        std::filesystem::copy_options::recursive);
  const KernelStore store({entry}, elsewhere.path(), base::ignored_notices());
  ASSERT_TRUE(store.cached("k").has_value());
  EXPECT_EQ(store.cached("k")->headers, elsewhere.path() / "kernels/k/h");
}

}  // namespace
}  // namespace kmodtest::kernel
