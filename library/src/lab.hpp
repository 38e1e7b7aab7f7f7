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
#include "base/notice_sink.hpp"
#include "outcome/event.hpp"
#include "run/cancellation.hpp"
#include "run/case/case_runner.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/prepare/prepare.hpp"
#include "vm/guest.hpp"

/// The inside of the library: the machine of a process, and the conversation with its guest.
namespace kmodtest::library {

/// Prints notices to standard error.
class PrintedNotices final : public base::NoticeSink {
 public:
  void say(const std::string &text) override;
};

/// Owns the guests of this process: a pool that keeps one QEMU from test to test, and the thread that serves libvirt,
/// the guest and the signals.
class Lab {
 public:
  /// Returns the lab, which is created on the first call. Throws base::Error.
  static std::shared_ptr<Lab> get();
  /// Ends the lab, if there is one.
  static void end() noexcept;
  ~Lab();
  Lab(const Lab &) = delete;
  Lab &operator=(const Lab &) = delete;

  base::asio::io_context &io() { return pool_.io(); }
  run::Cancellation &cancellation() { return pool_.cancellation(); }
  /// Returns the preparer for kernels whose parts are in these folders. For the test's thread.
  run::Preparer &preparer(const std::filesystem::path &modules_dir, const std::filesystem::path &headers);

  /// Keeps the artifacts of a case that did not pass in a folder, in the same place as `kmodtest run`. Returns its
  /// path; prints a warning and returns an empty path if that fails. For the test's thread.
  std::filesystem::path keep(outcome::CaseFinished finished);

  /// Runs the case on the lab's thread, and calls `ask` there for steps and `finished` with the result.
  void start(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared, run::Ask ask,
             std::function<void(std::exception_ptr, outcome::CaseFinished)> finished);

 private:
  Lab();
  void serve();
  void wait_for_signal();
  base::Task<> end_by_signal(int number);
  base::Task<outcome::CaseFinished> run(std::shared_ptr<const plan::Case> test_case, run::Prepared prepared,
                                        run::Ask ask);

  std::filesystem::path cache_;
  std::filesystem::path failures_;  ///< this process's folder
  std::unique_ptr<outcome::Listener> artifacts_;
  std::set<std::string> kept_names_;
  std::mutex preparers_mutex_;
  std::map<std::pair<std::filesystem::path, std::filesystem::path>, std::unique_ptr<run::Preparer>> preparers_;
  PrintedNotices notices_;
  run::GuestPool pool_;
  const run::GuestPool::Listening listening_{pool_, [this](const std::string &text) { notices_.say(text); }};
  base::asio::signal_set signals_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace kmodtest::library
