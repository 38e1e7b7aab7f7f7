// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/watch_session.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "cli/input_thread.hpp"
#include "cli/raw_terminal.hpp"
#include "kernel/kernel.hpp"
#include "outcome/result.hpp"
#include "report/listeners.hpp"
#include "report/terminal/palette.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/prepare/prepare.hpp"
#include "run/select/collect.hpp"
#include "run/watch/debounce.hpp"
#include "run/watch/file_watch.hpp"
#include "run/watch/watch_list.hpp"
#include "run/watch/watch_state.hpp"
#include "storage/cache_folder.hpp"
#include "text/escape.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::cli {

namespace {

namespace asio = base::asio;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kQuiet = std::chrono::milliseconds(50);          ///< after the last change of a burst
constexpr auto kLongestBurst = std::chrono::milliseconds(500);  ///< after its first
constexpr std::size_t kWarmGuests = 4;
constexpr std::size_t kShownPaths = 3;
constexpr std::size_t kWordWidth = 10;  ///< as in the console

class WatchSession {
 public:
  WatchSession(const PlanOptions &plans, run::RunOptions options, const MakeListeners &listeners);
  int run();

 private:
  /// Passes on all events except the end of a cancelled run, and records the results of cases.
  class Ear final : public outcome::Listener {
   public:
    Ear(WatchSession &session, Listeners listeners) : session_(session), listeners_(std::move(listeners)) {}
    void on(const outcome::Event &event) override;

   private:
    WatchSession &session_;
    Listeners listeners_;
  };

  /// Reads the plans, and watches everything that they name.
  void collect();
  void read_plans();
  void changed(const fs::path &path);
  /// Acts on the changes once a burst of them is over.
  void act();
  void take_changes();
  void run_stale();
  void idle();
  void pressed(const std::string &keys);
  void start_over();
  void wait_for_end();
  void wait_for_return();
  void take_keys();
  void leave_terminal();
  void say(const std::string &word, const std::string &text) const;
  std::string standing() const;

  const PlanOptions &plans_;
  run::RunOptions options_;
  const MakeListeners &make_listeners_;
  report::Palette palette_;
  run::GuestPool pool_;
  run::Preparer preparer_;
  asio::signal_set ends_, returns_;
  run::FileWatch files_;
  run::Debounce debounce_{kQuiet, kLongestBurst};
  asio::steady_timer burst_;
  run::WatchState state_;
  std::optional<run::WatchList> list_;
  std::set<fs::path> changed_;
  bool much_changed_ = false;  ///< the paths are unknown
  bool sound_ = true;          ///< every plan could be read
  bool due_ = false;
  bool ended_ = false, interrupted_ = false, superseded_ = false;
  int rounds_ = 0;
  run::Runner *runner_ = nullptr;  ///< while it runs
  std::optional<RawTerminal> terminal_;
  std::unique_ptr<InputThread> keys_;
};

run::GuestPool::Options pool_options(const run::RunOptions &options) {
  return {.cache = storage::cache_folder(),
          .snapshots = options.snapshots,
          .allow_kvm = options.hypervisor.allow_kvm,
          .keep = true};
}

run::OpenHypervisor opener(const run::RunOptions &options) {
  vm::HypervisorOptions wanted = options.hypervisor;
  wanted.cache = storage::cache_folder();
  return [wanted](asio::io_context &io) { return vm::open_hypervisor(io, wanted); };
}

WatchSession::WatchSession(const PlanOptions &plans, run::RunOptions options, const MakeListeners &listeners)
    : plans_(plans),
      options_(std::move(options)),
      make_listeners_(listeners),
      palette_(report::console_options_from_environment(stdout).color),
      pool_(pool_options(options_), opener(options_)),
      preparer_(options_.kernel, storage::cache_folder(), pool_),
      ends_(pool_.io(), SIGINT, SIGTERM, SIGHUP),
      returns_(pool_.io(), SIGCONT),
      files_(pool_.io(), [this](const fs::path &path) { changed(path); }),
      burst_(pool_.io()) {}

void WatchSession::Ear::on(const outcome::Event &event) {
  if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) session_.state_.finished(*finished);
  if (std::holds_alternative<outcome::RunFinished>(event) && session_.superseded_) return;
  outcome::Event told = event;
  // It does not change between runs: show it once.
  if (auto *started = std::get_if<outcome::RunStarted>(&told); started && session_.rounds_ > 1)
    started->hypervisor = "";
  for (const auto &listener : listeners_) listener->on(told);
}

void WatchSession::say(const std::string &word, const std::string &text) const {
  fmt::print("{} {}\n", palette_.bold(text::pad_left(word, kWordWidth)), text::printable(text));
  std::fflush(stdout);
}

void WatchSession::read_plans() {
  auto collected = run::collect_plans(plans_.inputs, plans_.overrides());
  std::fflush(stdout);
  sound_ = !print_diagnostics(collected);
  // A broken plan has no cases, so a --case that names one of them is not a mistake.
  const std::vector<std::string> ids = sound_ ? plans_.ids : std::vector<std::string>();
  auto cases = run::select_cases(std::move(collected.plans), {ids, plans_.patterns, plans_.tags});
  if (!sound_ && !plans_.ids.empty()) {
    std::erase_if(cases, [this](const auto &one) {
      return std::find(plans_.ids.begin(), plans_.ids.end(), one->id) == plans_.ids.end();
    });
  }
  state_.set_cases(std::move(cases));
}

void WatchSession::collect() {
  try {
    // Repeat: otherwise a file saved between reading a plan and watching its folder would go unnoticed.
    do {
      read_plans();
      list_.emplace(plans_.inputs, state_.cases());
    } while (files_.watch({list_->folders().begin(), list_->folders().end()}) > 0 && sound_);
  } catch (const base::UsageError &error) {
    if (rounds_ == 0) throw;
    sound_ = false;
    std::fputs(render_error(error).c_str(), stderr);
    list_.emplace(plans_.inputs, state_.cases());
    files_.watch({list_->folders().begin(), list_->folders().end()});
  }
  std::uint32_t largest = 0;
  for (const auto &test_case : state_.cases()) largest = std::max(largest, test_case->guest.memory_mib);
  const auto available = run::available_mib();
  const auto fit = available ? static_cast<std::size_t>(run::guests_that_fit(*available, largest)) : kWarmGuests;
  pool_.keep_guests(std::clamp<std::size_t>(fit, 1, kWarmGuests));
}

void WatchSession::changed(const fs::path &path) {
  if (path.empty()) {
    much_changed_ = true;
  } else if (list_->touches_plans(path) || !list_->touched(path).empty() || (!sound_ && list_->near_plans(path))) {
    changed_.insert(path);
  } else {
    return;
  }
  debounce_.note(Clock::now());
  burst_.expires_at(*debounce_.due());
  burst_.async_wait([this](boost::system::error_code error) {
    if (!error) act();
  });
}

void WatchSession::act() {
  debounce_.reset();
  due_ = true;
  if (runner_) start_over();
}

void WatchSession::start_over() {
  superseded_ = true;
  runner_->cancel();
}

void WatchSession::take_changes() {
  due_ = false;
  const std::set<fs::path> paths = std::exchange(changed_, {});
  std::string names;
  std::size_t shown = 0;
  std::error_code error;
  // Do not mention an editor's temporary files.
  const bool some_are_there =
      std::any_of(paths.begin(), paths.end(), [&](const fs::path &path) { return fs::exists(path, error); });
  for (const fs::path &path : paths) {
    if (some_are_there && !fs::exists(path, error)) continue;
    if (++shown > kShownPaths) continue;
    const fs::path near = path.lexically_proximate(fs::current_path(error));
    const bool below = !error && !near.empty() && *near.begin() != "..";
    names += (names.empty() ? "" : ", ") + (below ? near : path).string();
  }
  if (shown > kShownPaths) names += fmt::format(" and {} more", shown - kShownPaths);
  say("Changed", names.empty() ? "many files" : names);
  for (const fs::path &path : paths) state_.touch(list_->touched(path));
  collect();
  for (const fs::path &path : paths) state_.touch(list_->touched(path));
  if (std::exchange(much_changed_, false)) state_.touch_all();
}

void WatchSession::run_stale() {
  const auto cases = state_.take_stale();
  ++rounds_;
  superseded_ = false;
  run::RunOptions options = options_;
  try {
    Ear ear(*this, make_listeners_(options, cases));
    preparer_.renew();
    preparer_.check_kernels(cases);
    run::Runner runner(options, {&ear});
    runner_ = &runner;
    const run::Prepare prepare = [this](const plan::Case &test_case) { return preparer_.prepare(test_case); };
    if (runner.run(cases, pool_, prepare).interrupted) interrupted_ = ended_ = true;
  } catch (const std::exception &error) {
    runner_ = nullptr;
    if (rounds_ == 1) throw;  // `run` would end with it, too
    std::fflush(stdout);
    std::fputs(render_error(error).c_str(), stderr);
  }
  runner_ = nullptr;
  state_.run_ended(superseded_);
  if (superseded_ || ended_) return;
  if (cases.size() < state_.cases().size()) say("Altogether", standing());
}

std::string WatchSession::standing() const {
  std::string text = text::counted(state_.cases().size(), "case") + ":";
  const auto results = state_.results();
  std::size_t known = 0;
  for (const outcome::Result result : outcome::kResults) {
    const auto found = results.find(result);
    if (found == results.end()) continue;
    text += fmt::format("{} {} {}", known > 0 ? "," : "", found->second, outcome::result_name(result));
    known += found->second;
  }
  if (known < state_.cases().size()) {
    text += fmt::format("{} {} not run", known > 0 ? "," : "", state_.cases().size() - known);
  }
  return text;
}

void WatchSession::idle() {
  std::string text = text::counted(state_.cases().size(), "case");
  if (!sound_) text += ", and a plan that cannot be read";
  if (keys_) text += "   Enter: run all, f: run what did not pass, q: quit";
  say("Watching", text);
  pool_.finish(pool_.get_ready([this] { return due_ || ended_ || !changed_.empty(); }));
}

void WatchSession::pressed(const std::string &keys) {
  if (keys.empty()) {  // the terminal is gone
    ended_ = true;
    if (runner_) start_over();
  }
  for (const char key : keys) {
    if (key == '\n' || key == '\r') {
      state_.touch_all();
      if (runner_) start_over();
    } else if (key == 'f') {
      state_.touch_failed();
    } else if (key == 'q' || key == '\x04') {
      ended_ = true;
      if (runner_) start_over();
    }
  }
}

void WatchSession::take_keys() {
  if (::isatty(STDIN_FILENO) != 1 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;
  terminal_.emplace(STDIN_FILENO, RawTerminal::Keys::but_for_signals);
  keys_ = std::make_unique<InputThread>(STDIN_FILENO, pool_.io(), [this](const std::string &keys) { pressed(keys); });
  wait_for_return();
}

void WatchSession::leave_terminal() {
  keys_.reset();
  terminal_.reset();
}

void WatchSession::wait_for_end() {
  ends_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    if (interrupted_) ::_exit(128 + number);  // no more waiting: the guests end with this process
    leave_terminal();
    interrupted_ = ended_ = true;
    wait_for_end();
  });
}

void WatchSession::wait_for_return() {
  returns_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    // The shell may have changed the terminal mode while we were stopped.
    if (terminal_) {
      terminal_.reset();
      terminal_.emplace(STDIN_FILENO, RawTerminal::Keys::but_for_signals);
    }
    wait_for_return();
  });
}

int WatchSession::run() {
  wait_for_end();
  collect();
  if (sound_ && state_.cases().empty()) {
    const base::UsageError nothing(base::Code::no_case_selected, "no case is selected",
                                   "kmodtest list shows the cases of a plan");
    std::fputs(render_error(nothing).c_str(), stderr);
    return static_cast<int>(run::ExitCode::nothing_selected);
  }
  take_keys();
  bool told = false;  // whether the idle line has been printed
  while (!ended_) {
    if (due_) {
      take_changes();
      told = false;
      continue;
    }
    if (state_.any_stale()) {
      run_stale();
      told = false;
      continue;
    }
    if (!told) {
      told = true;
      idle();
      continue;
    }
    pool_.io().run_one();
  }
  leave_terminal();
  pool_.finish(pool_.clear());
  if (interrupted_) return static_cast<int>(run::ExitCode::interrupted);
  return static_cast<int>(state_.any_failed() ? run::ExitCode::some_did_not_pass : run::ExitCode::all_passed);
}

}  // namespace

int watch(const PlanOptions &plans, const run::RunOptions &options, const MakeListeners &listeners) {
  WatchSession session(plans, options, listeners);
  return session.run();
}

}  // namespace kmodtest::cli
