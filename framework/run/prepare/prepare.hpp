// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/notice_sink.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/module_requests.hpp"
#include "kernel/programs/packages.hpp"
#include "kernel/programs/shared_libraries.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "plan/fault.hpp"
#include "plan/plan.hpp"
#include "vm/guest.hpp"
#include "wire/program.hpp"
#include "wire/race_memory.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::run {

/// A file that is pushed into the guest before the program runs.
struct PushedFile {
  std::string path;  ///< in the guest
  std::shared_ptr<const std::string> content;
  bool of_the_kernel = false;  ///< one of the kernel's own modules
};

/// The files that a guest is started with.
struct BootFiles {
  std::filesystem::path image;  ///< the kernel in the form that boots fastest
  std::filesystem::path initramfs;
  std::shared_ptr<kernel::LazyKernelImage> names{};  ///< of the functions in the image
  bool checks_itself = false;                        ///< the kernel does (run::checks_itself)
};

/// Everything that a case needs before its guest starts.
struct Prepared {
  kernel::Kernel kernel;
  std::optional<std::string> skip;    ///< the kernel lacks what the case needs; nothing else is prepared then
  bool kernel_checks_itself = false;  ///< so it is several times slower
  bool lacks_options = false;         ///< with `skip`: a kernel of the same version with more may do
  vm::GuestSpec spec;                 ///< the accelerator is the caller's to choose
  std::shared_ptr<const plan::Case> completed =
      {};  ///< the case with the modules that its build has made; null: as it was
  std::vector<kernel::ModuleInfo> modules;
  std::vector<kernel::PreflightFinding> preflight;
  std::vector<PushedFile> files;
  kernel::PackageFiles packages = {};                    ///< of the distribution, which are in the initramfs
  std::vector<std::filesystem::path> number_files = {};  ///< of the cache: numbers that a compiler knows from headers
  wire::Program program;
  std::vector<wire::SchedulePoint> schedule;       ///< the instructions at which CPUs wait
  std::shared_ptr<const wire::RaceRequest> races;  ///< null: the case does not look for data races
  std::string build_log;                           ///< of make, for the modules that were built just now
  std::shared_ptr<kernel::LazyKernelImage> names;  ///< the contents of the kernel image; null: none
};

/// Sets the schedule of a prepared case: what the agent and QEMU get. Throws base::UsageError if a place of the
/// schedule is gone.
void set_schedule(const plan::Schedule &schedule, Prepared &prepared);

/// The kernel for plans that name none, and the places of its parts.
struct KernelChoice {
  std::string name;  ///< empty: the catalogue's default
  std::filesystem::path modules_dir;
  std::filesystem::path headers;
};

/// Resolves kernels, makes initramfs images, builds and reads modules. Each of these is done once however many cases
/// and threads ask for it; all functions block, and several threads can call them.
class Preparer {
 public:
  Preparer(KernelChoice choice, std::filesystem::path cache, base::NoticeSink &notices);

  /// Throws base::UsageError for the first case whose kernel cannot be resolved. Fetches nothing.
  void check_kernels(const std::vector<std::shared_ptr<const plan::Case>> &cases) const;

  /// Names the cases that prepare() is called for later on, so that it can build their modules several at a time. Not
  /// to be called while a case is being prepared.
  void expect(const std::vector<std::shared_ptr<const plan::Case>> &cases);

  /// Makes later calls build and read modules again, and retry whatever failed; resolved kernels are kept. Not to be
  /// called while a case is being prepared.
  void renew();

  /// Prepares a case. Where nobody has named a kernel, and the default one lacks what the case needs, that is the
  /// catalogue's next fuller kernel that has it. Throws kernel::BuildError if a module does not build, base::Error
  /// otherwise.
  Prepared prepare(const plan::Case &test_case);

 private:
  /// The values of keys, each made once.
  template <class Value>
  class Once {
   public:
    /// Returns the value for `key`; the first caller makes it, the others wait. An exception is kept and thrown to all.
    Value get(const std::string &key, const std::function<Value()> &make);
    void forget() { slots_.clear(); }
    void forget_problems() {
      std::erase_if(slots_, [](const auto &slot) { return slot.second->problem != nullptr; });
    }

   private:
    struct Slot {
      std::once_flag flag;
      std::shared_ptr<Value> value;
      std::exception_ptr problem;
    };
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Slot>> slots_;
  };

  struct BuiltModule {
    kernel::ModuleInfo info;
    std::shared_ptr<const std::string> content;
    std::string log;
  };

  /// A preparation that ended in one way or the other.
  struct Tried {
    std::optional<Prepared> prepared;
    std::exception_ptr error;         ///< if there is nothing prepared
    std::optional<std::string> lack;  ///< what another kernel may have
  };

  /// The modules of one source, in the order of loading.
  struct BuiltModules {
    std::vector<plan::ModuleSource> sources;
    std::vector<BuiltModule> modules;
    std::optional<std::string> skip = {};
    bool lacks_options = false;
    std::string log = {};
    std::vector<std::string> others = {};  ///< names of modules that were built as well and are not tested

    void add(plan::ModuleSource source, BuiltModule module) {
      sources.push_back(std::move(source));
      modules.push_back(std::move(module));
    }
    std::vector<kernel::ModuleInfo> infos() const;
  };

  /// Modules that one run of Kbuild can build for the same kernel.
  struct BuildGroup {
    std::string kernel;  ///< its name
    std::vector<plan::ModuleSource> sources;
  };
  using GroupBuilds = std::vector<std::optional<kernel::TreeBuild>>;

  std::string kernel_name(const plan::Case &test_case) const;
  Prepared prepare_on(const std::string &kernel, const plan::Case &test_case);
  Tried try_on(const std::string &kernel, const plan::Case &test_case);
  /// `not_built`: on this kernel the module was not even built.
  std::optional<Prepared> prepare_on_fuller(std::string kernel, std::string lack, bool not_built,
                                            const plan::Case &test_case);
  void name_fuller(const std::string &kernel, Tried &tried) const;
  void say_once(const std::string &text);
  kernel::Kernel resolve_kernel(const std::string &name);
  static BuiltModule read(const std::filesystem::path &ko);
  BuiltModules build(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                     const std::vector<std::filesystem::path> &before);
  BuiltModules build_one(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                         const std::vector<std::filesystem::path> &before);
  BuiltModules build_all(const plan::ModuleSource &source, const kernel::Kernel &kernel,
                         const std::vector<std::filesystem::path> &before);
  /// Returns what the run of Kbuild for its group has made of a module; nothing if it is left to build_module().
  std::optional<kernel::TreeBuild> built_in_group(const plan::ModuleSource &source, const kernel::Kernel &kernel);
  /// Builds a source; if it needs symbols that it does not have, with those of the companions, which `built` gets.
  BuiltModules build_with_companions(const plan::Case &test_case, const plan::ModuleSource &source,
                                     const kernel::Kernel &kernel, std::vector<std::filesystem::path> &built);
  /// Says which modules are built and not tested.
  void name_others(const plan::Case &test_case, const BuiltModules &found);
  BuiltModules modules_of(const plan::Case &test_case, const kernel::Kernel &kernel);
  /// Adds those of the companions that export what `found` needs.
  void add_companions(const plan::Case &test_case, const kernel::Kernel &kernel, BuiltModules &found);
  void add_kernel_modules(const plan::Case &test_case, const std::vector<std::string> &names, Prepared &prepared);
  /// Adds the files of the user's, and the libraries that the programs among them need.
  void add_files(const plan::Case &test_case, Prepared &prepared);
  /// Fetches the packages of a case, if the cache does not have them.
  kernel::PackageFiles packages_of(const plan::Case &test_case);
  /// Adds kmodtest_faults, which counts calls and lets them fail (faults.cpp).
  void add_fault_module(const plan::Fault &fault, Prepared &prepared);
  /// Adds the files of the kernel's modules that the case can request: by request_module(), by modprobe.
  void add_requestable_modules(const plan::Case &test_case, Prepared &prepared);

  KernelChoice choice_;
  std::filesystem::path cache_;
  base::NoticeSink &notices_;
  std::mutex store_mutex_;
  std::mutex said_mutex_;
  std::set<std::string> said_;
  kernel::KernelStore store_;
  Once<kernel::Kernel> kernels_;
  Once<BootFiles> boot_files_;
  Once<BuiltModules> modules_;
  std::vector<BuildGroup> groups_;  ///< each module once, in the order of the cases
  Once<GroupBuilds> group_builds_;  ///< by the group's place
  Once<std::shared_ptr<const kernel::RequestableModules>> requestable_;
  Once<kernel::PackageFiles> packages_;
  Once<std::shared_ptr<const std::string>> contents_;  ///< of files, by their paths
  using Libraries = std::vector<kernel::LibraryFile>;
  Once<Libraries> libraries_;  ///< that programs need, by the programs' paths
};

template <class Value>
Value Preparer::Once<Value>::get(const std::string &key, const std::function<Value()> &make) {
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard guard(mutex_);
    auto &entry = slots_[key];
    if (!entry) entry = std::make_shared<Slot>();
    slot = entry;
  }
  // An exception must not leave call_once: a second try would repeat a failing download or build for every case.
  std::call_once(slot->flag, [&] {
    try {
      slot->value = std::make_shared<Value>(make());
    } catch (...) {
      slot->problem = std::current_exception();
    }
  });
  if (slot->problem) std::rethrow_exception(slot->problem);
  return *slot->value;
}

/// Returns "6.1.0-50-cloud-amd64, 4 CPUs, 256 MiB, virtual time".
std::string describe(const Prepared &prepared);

/// Returns the spec of a case's guest on a kernel. On one that checks itself the guest has twice the memory of `shape`,
/// and a log of 4 MiB unless `shape` names another size.
vm::GuestSpec guest_spec(const plan::GuestShape &shape, const kernel::Kernel &kernel, const BootFiles &files);

}  // namespace kmodtest::run
