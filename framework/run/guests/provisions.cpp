// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/provisions.hpp"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "run/guests/guest_pool.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::run {

namespace {

namespace fs = std::filesystem;
using base::Task;
using Cases = std::vector<std::shared_ptr<const plan::Case>>;

/// Passes on notices of several threads.
class SharedNotices final : public base::NoticeSink {
 public:
  explicit SharedNotices(base::NoticeSink &sink) : sink_(sink) {}
  void say(const std::string &text) override {
    const std::lock_guard guard(mutex_);
    sink_.say(text);
  }

 private:
  std::mutex mutex_;
  base::NoticeSink &sink_;
};

/// Returns whether another machine finds a kernel in its cache by its name.
bool is_of_catalogue(const kernel::Kernel &kernel) {
  return kernel.name != "host" && kernel.name.find('/') == std::string::npos;
}

class Provider {
 public:
  Provider(const RunOptions &options, base::NoticeSink &notices) : options_(options), notices_(notices) {
    found_.cache = storage::cache_folder();
  }

  Provisions provide(const Cases &cases) {
    prepare_all(cases);
    if (options_.snapshots) bring_up_all(cases);
    return std::move(found_);
  }

 private:
  void prepare_all(const Cases &cases) {
    Preparer preparer(options_.kernel, found_.cache, notices_);
    preparer.check_kernels(cases);
    preparer.expect(cases);
    prepared_.resize(cases.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t index = next++; index < cases.size(); index = next++) prepare(preparer, *cases[index], index);
    };
    std::vector<std::thread> threads;
    const auto most = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), cases.size());
    for (std::size_t count = 0; count < most; ++count) threads.emplace_back(work);
    for (std::thread &thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

  /// Runs on several threads.
  void prepare(Preparer &preparer, const plan::Case &test_case, std::size_t index) {
    if (test_case.skip) return;
    try {
      Prepared prepared = preparer.prepare(test_case);
      if (prepared.skip) return;
      const std::lock_guard guard(mutex_);
      if (!is_of_catalogue(prepared.kernel)) {
        found_.problems.push_back(
            fmt::format("{}: the kernel {} is not one of the catalogue, and stays on this machine", test_case.id,
                        prepared.kernel.name));
        return;
      }
      add_files_of(prepared);
      prepared.files.clear();  // the contents of the modules
      prepared_[index] = std::move(prepared);
    } catch (const base::Interrupted &) {
      keep_failure();
    } catch (const base::Error &error) {
      // The case itself reports what does not build. Without a network or a disk, nothing can be provided.
      if (error.blame() == base::Blame::infrastructure) return keep_failure();
      const std::lock_guard guard(mutex_);
      found_.problems.push_back(fmt::format("{}: {}", test_case.id, error.what()));
    }
  }

  void keep_failure() {
    const std::lock_guard guard(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }

  /// Adds a file or folder of the cache, given by a path in it; `depth` counts the parts of its name.
  void add_entry(const fs::path &path, int depth) {
    const fs::path inside = path.lexically_relative(found_.cache);
    if (inside.empty() || *inside.begin() == "..") return;
    fs::path name;
    for (const fs::path &part : inside) {
      if (depth-- > 0) name /= part;
    }
    found_.entries.insert(name.string());
  }

  void add_files_of(const Prepared &prepared) {
    add_entry(prepared.kernel.image, 2);
    add_entry(prepared.spec.kernel_image, 2);
    add_entry(prepared.spec.initramfs, 2);
    if (!prepared.packages.archive.empty()) add_entry(prepared.packages.archive, 2);
    for (const fs::path &file : prepared.number_files) add_entry(file, 2);
    for (const auto &module : prepared.modules) {
      auto build = kernel::ready_build_of(module.file);
      if (build) found_.builds.emplace(build->place, std::move(*build));
    }
  }

  void bring_up_all(const Cases &cases) {
    const auto guests =
        std::count_if(prepared_.begin(), prepared_.end(), [](const auto &one) { return one.has_value(); });
    if (guests == 0) return;
    auto hypervisor = options_.hypervisor;
    hypervisor.cache = found_.cache;
    GuestPool pool({.cache = found_.cache, .snapshots = true, .allow_kvm = hypervisor.allow_kvm},
                   [&hypervisor](base::asio::io_context &io) { return vm::open_hypervisor(io, hypervisor); });
    const GuestPool::Listening listening(pool, [this](const std::string &text) { notices_.say(text); });
    vm::SnapshotStore store(found_.cache / "snapshots", vm::snapshot_limit(), notices_);
    pool.finish(bring_up(pool, store, cases));
    pool.close();
  }

  Task<> bring_up(GuestPool &pool, vm::SnapshotStore &store, const Cases &cases) {
    found_.qemu = pool.hypervisor().qemu_version();
    GuestSlot *slot = nullptr;
    for (std::size_t index = 0; index < cases.size(); ++index) {
      if (!prepared_[index]) continue;
      Prepared prepared = std::move(*prepared_[index]);
      co_await pool.choose_machine(*cases[index], prepared.kernel, prepared.spec);
      if (prepared.spec.channel != vm::ChannelKind::memory) continue;
      const std::string key = pool.hypervisor().key_of(prepared.spec);
      if (!found_.entries.insert("snapshots/" + key).second) continue;
      const auto kept = store.lend(key);
      if (kept && kept->is_sound()) continue;
      notices_.say(fmt::format("booting {}", describe(prepared)));
      slot = &pool.acquire(prepared.spec, slot);
      co_await boot(pool, *slot, prepared, key);
    }
    co_await pool.release(slot);
  }

  Task<> boot(GuestPool &pool, GuestSlot &slot, const Prepared &prepared, const std::string &key) {
    vm::GuestSpec spec = prepared.spec;
    std::string name = fmt::format("p-{}", pool.next_guest());
    std::string description = describe(prepared);
    Progress nobody = [](Phase, const std::string &) {};
    outcome::Timings timings;
    const Pristine pristine = co_await slot.pristine(
        std::move(spec), std::move(name), std::move(description),
        options_.limits.boot_of(prepared.spec.cpus, prepared.kernel_checks_itself), std::move(nobody), timings);
    std::error_code none;
    if (!pristine.failure && fs::exists(found_.cache / "snapshots" / key, none)) co_return;
    found_.entries.erase("snapshots/" + key);
    found_.problems.push_back(fmt::format("{} does not come up or cannot be kept", describe(prepared)));
  }

  const RunOptions &options_;
  SharedNotices notices_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::optional<Prepared>> prepared_;
  Provisions found_;
};

}  // namespace

Provisions provide(const RunOptions &options, const Cases &cases, base::NoticeSink &notices) {
  return Provider(options, notices).provide(cases);
}

}  // namespace kmodtest::run
