// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_build/source_build.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <thread>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "kernel/catalogue/unpacked_tree.hpp"
#include "kernel/modules/build_errors.hpp"
#include "kernel/modules/make_run.hpp"
#include "kernel/source_build/build_needs.hpp"
#include "kernel/source_build/build_progress.hpp"
#include "kernel/source_build/config_fragment.hpp"
#include "kernel/source_build/module_headers.hpp"
#include "storage/cache_folder.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/words.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// Raise it when kernels have to be built again although neither their options nor their source have changed.
constexpr const char *kBuildRecipe = "1";
/// Measured: linux-source-6.1 takes 1.5 GB unpacked. The space for objects is an estimate.
constexpr std::uint64_t kSourceBytes = 1'700'000'000;
constexpr std::uint64_t kBytesPerFile = 700'000;
/// Measured with the kernel `debug`, on a busy machine of two cores: 822 s of CPU time for 920 files.
constexpr double kCoreSecondsPerFile = 0.9;

constexpr const char *kVersionFile = "source-version";
constexpr const char *kLog = "build.log";
constexpr const char *kLock = "running";

unsigned cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

[[noreturn]] void throw_disk_full(const fs::path &folder, const std::string &what) {
  throw base::Error(base::Code::disk_full, fmt::format("the disk of {} is full: {}", folder.string(), what),
                    "free some space, or set KMODTEST_CACHE to a folder on another disk");
}

/// Takes a lock that all programs inherit which this process starts meanwhile. A killed kmodtest takes only its own
/// child along: the compilers and makes below that one go on for a while, and write into the same folder.
base::Descriptor lock_with_children(const fs::path &file, base::NoticeSink &notices) {
  base::Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT, 0600));  // without O_CLOEXEC
  if (!lock) storage::write_whole_file(file, "");                       // throws with the reason
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  notices.say("waiting for what an interrupted build has started");
  while (::flock(lock.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return lock;
}

}  // namespace

std::string config_of(const CatalogueEntry &entry) {
  std::string text;
  for (const std::string &name : entry.config) text += storage::read_whole_file(storage::find_data_file(name)) + "\n";
  return text + fmt::format("CONFIG_LOCALVERSION=\"-{}\"\n", entry.name);
}

std::string origin_of_build(const CatalogueEntry &entry, const std::string &config) {
  storage::Sha256 digest;
  digest.field(kBuildRecipe).field(entry.source_package).field(entry.suite);
  // Comments may change.
  for (const auto &[option, value] : read_fragment(config)) digest.field(option).field(value);
  for (const std::string &argument : entry.build_arguments) digest.field(argument);
  return "built " + digest.hex().substr(0, 32);
}

std::string compiler_version() {
  if (!base::program_in_path("gcc")) return {};
  const std::string text = base::run_process({"gcc", "--version"}, {.environment = {{"LC_ALL", "C"}}}).out;
  return text.substr(0, text.find('\n'));
}

SourceBuild::SourceBuild(const CatalogueEntry &entry, std::string config, fs::path folder, base::NoticeSink &notices)
    : entry_(entry),
      config_(std::move(config)),
      folder_(std::move(folder)),
      source_(folder_ / "source"),
      objects_(folder_ / "objects"),
      notices_(notices) {}

void SourceBuild::run() {
  check_build_needs(machine_has);
  const double seconds = entry_.compiled_files * kCoreSecondsPerFile / cores();
  notices_.say(fmt::format("building the kernel {}: about {} on {} that do nothing else", entry_.name,
                           text::wall_time(std::chrono::duration<double>(seconds)), text::counted(cores(), "core")));
  storage::make_folder(folder_);
  const base::Descriptor lock = lock_with_children(folder_ / kLock, notices_);
  get_source();
  configure();
  compile();
}

void SourceBuild::get_source() {
  std::error_code error;
  if (fs::is_directory(source_, error) && fs::exists(folder_ / kVersionFile, error)) {
    package_.name = entry_.source_package;
    package_.version = storage::read_whole_file(folder_ / kVersionFile);
    notices_.say(fmt::format("going on with {} {} in {}", package_.name, package_.version, folder_.string()));
    return;
  }
  fetch_source();
}

void SourceBuild::fetch_source() {
  const fs::path work = folder_ / "fetched";
  storage::remove_folder(work);
  storage::make_folder(work);
  notices_.say(fmt::format("fetching the package lists of {}", entry_.suite));
  AptState apt(work / "apt", entry_.suite);
  apt.update();
  package_ = apt.show(entry_.source_package);
  std::error_code error;
  const std::uint64_t needed = kSourceBytes + 2 * package_.download_bytes +
                               kBytesPerFile * static_cast<std::uint64_t>(std::max(0, entry_.compiled_files));
  if (const auto space = fs::space(folder_, error); !error && space.available < needed)
    throw_disk_full(folder_, fmt::format("building the kernel '{}' needs {} MB, {} MB are free", entry_.name,
                                         needed / 1'000'000, space.available / 1'000'000));
  notices_.say(download_notice(package_));
  apt.download({package_}, work);
  notices_.say("unpacking the source");
  for (const auto &file : fs::directory_iterator(work))
    if (file.path().extension() == ".deb") unpack_package(file.path(), work / "package");
  storage::make_folder(work / "source");
  const auto tar = base::run_process({"tar", "-xf", work / "package/usr/src" / (entry_.source_package + ".tar.xz"),
                                      "--strip-components=1", "-C", work / "source"},
                                     options_of_build(work));
  if (!tar.ok()) {
    if (says_disk_full(tar.out)) throw_disk_full(folder_, "the kernel's source does not fit");
    throw base::Error(base::Code::bad_package, fmt::format("cannot unpack {}: {}", entry_.source_package, tar.out),
                      "fetch it again: call the same command again");
  }
  storage::remove_folder(source_);
  fs::rename(work / "source", source_);
  storage::write_whole_file(folder_ / kVersionFile, package_.version);
  storage::remove_folder(work);
}

base::ProcessResult SourceBuild::make(std::vector<std::string> words,
                                      std::function<void(std::string_view)> hear) const {
  words.insert(words.begin(), entry_.build_arguments.begin(), entry_.build_arguments.end());
  words.insert(words.begin(), {"make", "-C", source_, "O=" + objects_.string(), "ARCH=x86_64"});
  auto options = options_of_build(source_);
  options.on_output = std::move(hear);
  // The same source, configuration and compiler give the same image.
  for (const auto &[name, value] :
       {std::pair("KBUILD_BUILD_USER", "kmodtest"), std::pair("KBUILD_BUILD_HOST", "guest"),
        std::pair("KBUILD_BUILD_VERSION", "1"), std::pair("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970")})
    options.environment.emplace_back(name, value);
  return base::run_process(words, options);
}

void SourceBuild::fail(const std::string &output) const {
  if (says_disk_full(output)) throw_disk_full(folder_, fmt::format("the kernel '{}' was not built", entry_.name));
  storage::write_whole_file(folder_ / kLog, output);
  const BuildErrors errors = find_build_errors(output, source_.string());
  throw base::Error(base::Code::kernel_build_failed,
                    errors.first.empty() ? fmt::format("{}", fmt::join(errors.lines, "; ")) : errors.first,
                    fmt::format("look into {}", (folder_ / kLog).string()));
}

void SourceBuild::configure() {
  storage::make_folder(objects_);
  const fs::path fragment = folder_ / "fragment.config";
  std::error_code error;
  const bool same = fs::exists(objects_ / ".config", error) && fs::exists(fragment, error) &&
                    storage::read_whole_file(fragment) == config_;
  // Kbuild compiles everything again after a new .config.
  if (!same) {
    fs::remove(fragment, error);
    const fs::path wanted = objects_ / "wanted.config";
    storage::write_whole_file(wanted, config_);
    const auto result = make({"KCONFIG_ALLCONFIG=" + wanted.string(), "allnoconfig"});
    if (!result.ok()) fail(result.out);
    storage::write_whole_file(fragment, config_);
  }
  const auto refused =
      options_not_taken(read_fragment(config_), KernelConfig(storage::read_whole_file(objects_ / ".config")));
  if (refused.empty()) return;
  throw base::Error(
      base::Code::kernel_build_failed,
      fmt::format("Kconfig of {} {} does not take {}", package_.name, package_.version, fmt::join(refused, ", ")),
      fmt::format("correct {}", fmt::join(entry_.config, " or ")));
}

void SourceBuild::compile() {
  notices_.say(fmt::format("compiling {} {}", package_.name, package_.version));
  BuildProgress progress(entry_.compiled_files, [this](const std::string &text) { notices_.say(text); });
  const auto result =
      make({fmt::format("-j{}", cores()), "bzImage", "modules"}, [&](std::string_view piece) { progress.hear(piece); });
  if (!result.ok()) fail(result.out);
}

void SourceBuild::install(const fs::path &tree) {
  notices_.say(fmt::format("installing {}", entry_.name));
  const fs::path image = objects_ / "arch/x86/boot/bzImage";
  const std::string release = bzimage_release(image);
  storage::make_folder(tree / "boot");
  fs::copy_file(image, tree / "boot" / ("vmlinuz-" + release));
  fs::copy_file(objects_ / "System.map", tree / "boot" / ("System.map-" + release));
  fs::copy_file(objects_ / ".config", tree / "boot" / ("config-" + release));
  const auto result =
      make({"INSTALL_MOD_PATH=" + tree.string(), "INSTALL_MOD_STRIP=1", "DEPMOD=true", "modules_install"});
  if (!result.ok()) fail(result.out);
  for (const char *link : {"build", "source"}) fs::remove(tree / "lib/modules" / release / link);
  copy_module_headers(source_, objects_, tree / "usr/src" / ("linux-headers-" + release));
}

}  // namespace kmodtest::kernel
