// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/asio.hpp"
#include "outcome/event.hpp"
#include "run/cancellation.hpp"
#include "run/case/case_runner.hpp"
#include "run/guests/guest_slot.hpp"
#include "run/prepare/prepare.hpp"
#include "vm/guest.hpp"
#include "vm/snapshots/snapshot_store.hpp"

/// The inside of the library: the machine of a process, and the conversation with its guest.
namespace kmodtest::library {

/// Prints a note about a slow activity to standard error.
void say(const std::string &text);

/// The machine of this process: a thread with an io_context on which libvirt, the guest and the signals are served, and
/// the slot that keeps QEMU from test to test.
class Lab {
 public:
  /// Returns the lab, which is created on the first call. Throws base::Error.
  static std::shared_ptr<Lab> get();
  /// Ends the lab, if there is one.
  static void end() noexcept;
  ~Lab();
  Lab(const Lab &) = delete;
  Lab &operator=(const Lab &) = delete;

  base::asio::io_context &io() { return io_; }
  run::Cancellation &cancellation() { return cancellation_; }
  /// Returns the preparer for kernels whose parts are in these folders. For the test's thread.
  run::Preparer &preparer(const std::filesystem::path &modules_dir, const std::filesystem::path &headers);

  /// Keeps the artifacts of a case that did not pass in a folder, in the same place as `kmodtest run`. Returns its
  /// path; prints a warning and returns an empty path if that fails. For the test's thread.
  std::filesystem::path keep(outcome::CaseFinished finished);

  /// Runs the case on the lab's thread, and calls `ask` there for steps and `finished` with the result.
  void start(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared, run::CaseRunner::Ask ask,
             std::function<void(std::exception_ptr, outcome::CaseFinished)> finished);

 private:
  Lab();
  void serve();
  void wait_for_signal();
  base::Task<> end_by_signal(int number);
  base::Task<outcome::CaseFinished> run(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared,
                                        run::CaseRunner::Ask ask);
  base::Task<> choose_clock(const plan::Case &test_case, vm::GuestSpec &spec);

  std::filesystem::path cache_;
  std::filesystem::path failures_;  ///< this process's folder
  std::unique_ptr<outcome::Listener> artifacts_;
  std::set<std::string> kept_names_;
  std::mutex preparers_mutex_;
  std::map<std::pair<std::filesystem::path, std::filesystem::path>, std::unique_ptr<run::Preparer>> preparers_;
  base::asio::io_context io_;
  base::asio::executor_work_guard<base::asio::io_context::executor_type> work_;
  base::asio::thread_pool threads_{1};
  base::asio::signal_set signals_;
  run::Cancellation cancellation_;
  std::optional<vm::SnapshotStore> store_;
  std::unique_ptr<vm::Hypervisor> hypervisor_;
  std::optional<run::GuestSlot> slot_;
  std::optional<vm::Accelerator> accelerator_;
  int guests_ = 0;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace kmodtest::library
