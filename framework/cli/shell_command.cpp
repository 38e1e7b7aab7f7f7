// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <unistd.h>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "cli/command.hpp"
#include "cli/input_thread.hpp"
#include "cli/line_history.hpp"
#include "cli/log_overlay.hpp"
#include "cli/raw_terminal.hpp"
#include "kernel/kernel.hpp"
#include "run/exit_code.hpp"
#include "run/interactive/guest_gateway.hpp"
#include "run/interactive/shell.hpp"
#include "run/select/collect.hpp"
#include "shared/kmsg.hpp"
#include "storage/cache_folder.hpp"
#include "storage/files.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/words.hpp"
#include "vm/console_tail.hpp"

namespace kmodtest::cli {

namespace {

namespace asio = base::asio;

constexpr char kWayOut = '\x1d';  // Ctrl-]
constexpr std::size_t kConsoleLines = 40;
constexpr const char *kHistory = "shell-history";

struct ShellCommand {
  PlanOptions plans;
  run::ShellOptions options;
  std::string attach, log;
  bool no_kvm = false;
  bool snapshots = true;

  int execute();
  std::shared_ptr<const plan::Case> choose_case();
};

void write_out(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;  // nothing reads the output; the session ends through its input
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

/// A user at a terminal, or a script on standard input.
class Sitting final : public run::ShellUser {
 public:
  Sitting(asio::io_context &io, std::string log, std::string_view history)
      : io_(io), log_(std::move(log)), tty_(::isatty(STDIN_FILENO) == 1), history_(history) {
    overlay_.emplace(terminal_size(STDIN_FILENO).columns, base::variable("NO_COLOR").empty());
    if (log_.empty()) log_ = tty_ ? "above" : "off";
  }

  void serve(run::Shell &shell) { shell_ = &shell; }

  void say(const std::string &text) override { show(STDERR_FILENO, text + "\n"); }

  wire::OpenTerminal begin(const std::string &guest, const std::vector<std::string> &modules) override {
    wire::OpenTerminal wanted;
    if (!tty_) {
      wanted.command = "exec sh -s";
    } else {
      std::string banner = fmt::format("{}\n", guest);
      for (const std::string &module : modules) banner += fmt::format("insmod {}\n", module);
      say(banner + "exit or Ctrl-D leaves the guest, Ctrl-] at any time; no changes are kept");
      const TerminalSize size = terminal_size(STDIN_FILENO);
      wanted.rows = size.rows;
      wanted.columns = size.columns;
      wanted.command = "exec sh -i";
      const std::string term = base::variable("TERM");
      wanted.environment.push_back(fmt::format("TERM={}", term.empty() ? "vt100" : term));
      wanted.environment.push_back(fmt::format("PS1=\\[{}\\]guest:\\w \\$ \\[{}\\]", kPromptMark, kInputMark));
      raw_.emplace(STDIN_FILENO);
      terminal_.emplace(STDOUT_FILENO);
    }
    input_ = std::make_unique<InputThread>(STDIN_FILENO, io_, [this](std::string text) { typed(std::move(text)); });
    return wanted;
  }

  void on(const wire::TerminalOutput &output) override {
    if (raw_) {
      history_.output(output.data);
      terminal_->write(overlay_->output(output.data));
    } else {
      write_out(output.error ? STDERR_FILENO : STDOUT_FILENO, output.data);
    }
  }

  void on(const wire::LogLines &lines) override {
    if (log_ == "off") return;
    for (const wire::KernelLogLine &line : lines.lines) {
      const std::string text = shared::render_dmesg(line);
      if (raw_) {
        terminal_->write(overlay_->line(text));
      } else {
        say(text::printable(text));
      }
    }
  }

  void window_changed() {
    const TerminalSize size = terminal_size(STDIN_FILENO);
    overlay_->resize(size.columns);
    if (shell_ && raw_) shell_->resize(size.rows, size.columns);
  }

  /// Restores the terminal.
  void leave() {
    input_.reset();
    if (raw_) terminal_->write(overlay_->finish());
    raw_.reset();
  }

  std::string history() const { return history_.text(); }

 private:
  void typed(std::string text) {
    if (!shell_ || left_by_key_) return;
    if (!tty_) {
      shell_->type(std::move(text));  // empty: the end of the input
      return;
    }
    // The session ends when the terminal is gone, or by the key for leaving.
    const std::size_t out = text.find(kWayOut);
    left_by_key_ = text.empty() || out != std::string::npos;
    const std::string given = history_.keys(std::string_view(text).substr(0, out));
    if (!given.empty()) shell_->type(given);
    if (left_by_key_) shell_->end();
  }

  /// Shows a text of kmodtest, whatever mode the terminal is in.
  void show(int fd, const std::string &text) {
    if (!raw_) {
      write_out(fd, text);
      return;
    }
    for (const std::string &line : text::lines_of(text)) terminal_->write(overlay_->line(line));
  }

  asio::io_context &io_;
  std::string log_;
  bool tty_;
  bool left_by_key_ = false;
  run::Shell *shell_ = nullptr;
  LineHistory history_;
  std::optional<LogOverlay> overlay_;
  std::optional<RawTerminal> raw_;
  std::optional<TerminalOutput> terminal_;  // while it is raw
  std::unique_ptr<InputThread> input_;
};

std::shared_ptr<const plan::Case> ShellCommand::choose_case() {
  if (plans.time.empty()) plans.time = "real";
  auto collected = run::collect_plans(plans.inputs, plans.overrides());
  if (print_diagnostics(collected)) return nullptr;
  const auto cases = run::select_cases(std::move(collected.plans), {plans.ids, plans.patterns, plans.tags});
  if (cases.empty())
    throw base::UsageError(base::Code::no_case_selected, "no case is selected",
                           "kmodtest list shows the cases of a plan");
  if (cases.size() > 1) {
    fmt::print(stderr, "this is the guest of {}, the first of {} (choose with --case, --cpus)\n", cases.front()->id,
               text::counted(cases.size(), "case"));
  }
  return cases.front();
}

/// Handles the signals that end a session, and the one that reports a new size of its window.
class Signals {
 public:
  Signals(asio::io_context &io, run::Shell &shell, Sitting &sitting)
      : ends_(io, SIGINT, SIGTERM, SIGHUP), window_(io, SIGWINCH), shell_(shell), sitting_(sitting) {
    wait_for_end();
    wait_for_window();
  }
  int came() const { return came_; }
  void cancel() {
    boost::system::error_code ignored;
    ends_.cancel(ignored);
    window_.cancel(ignored);
  }

 private:
  void wait_for_end() {
    ends_.async_wait([this](boost::system::error_code error, int number) {
      if (error) return;
      if (came_ != 0) {  // no more waiting: the guest ends with this process
        sitting_.leave();
        RawTerminal::restore();
        ::_exit(128 + number);
      }
      came_ = number;
      shell_.end();
      wait_for_end();
    });
  }
  void wait_for_window() {
    window_.async_wait([this](boost::system::error_code error, int) {
      if (error) return;
      sitting_.window_changed();
      wait_for_window();
    });
  }

  asio::signal_set ends_, window_;
  run::Shell &shell_;
  Sitting &sitting_;
  int came_ = 0;
};

/// Returns the last lines; for a panic, starts at the line that names it, however long the trace after it is.
std::string tail_of(const std::string &console) {
  const std::vector<std::string> lines = text::lines_of(console);
  const auto panic = std::find_if(lines.begin(), lines.end(), vm::shows_panic);
  const auto last = static_cast<std::size_t>(panic - lines.begin());
  const std::size_t begin = std::min(lines.size() > kConsoleLines ? lines.size() - kConsoleLines : 0, last);
  std::string text;
  for (std::size_t i = begin; i < std::min(lines.size(), begin + kConsoleLines); ++i)
    text += "  " + text::printable(lines[i]) + "\n";
  return text;
}

int ShellCommand::execute() {
  const std::filesystem::path cache = storage::cache_folder();
  std::shared_ptr<const plan::Case> test_case;
  if (attach.empty()) {
    if (plans.inputs.empty())
      throw base::UsageError(base::Code::missing_argument, "name a plan or a module, or --attach NAME");
    test_case = choose_case();
    if (!test_case) return static_cast<int>(run::ExitCode::usage);
  }

  run::GuestPool pool({.cache = cache, .snapshots = snapshots, .allow_kvm = !no_kvm},
                      [&cache](asio::io_context &on) { return vm::open_hypervisor(on, {.cache = cache}); });
  asio::io_context &io = pool.io();
  const auto history = cache / kHistory;
  std::error_code error;
  const std::string before = std::filesystem::exists(history, error) ? storage::read_whole_file(history) : "";
  Sitting sitting(io, log, before);
  run::Shell shell(pool, options, sitting);
  sitting.serve(shell);
  Signals signals(io, shell, sitting);
  run::ShellEnd end;
  std::exception_ptr problem;
  try {
    end = base::run_until_done(io, test_case ? shell.run(test_case) : shell.attach(run::gateway_of(attach)));
  } catch (...) {
    problem = std::current_exception();
  }
  signals.cancel();
  sitting.leave();
  if (const std::string after = sitting.history(); after != before) storage::write_whole_file(history, after);
  if (signals.came() != 0) return 128 + signals.came();
  if (problem) std::rethrow_exception(problem);
  if (!end.death.empty()) {
    if (end.panicked) {
      fmt::print(stderr, "kmodtest: the guest's kernel panicked\n");
    } else {
      std::fputs(render_error(base::Error(base::Code::guest_gone, end.death)).c_str(), stderr);
    }
    std::fputs(tail_of(end.console).c_str(), stderr);
    return static_cast<int>(end.panicked ? run::ExitCode::some_did_not_pass : run::ExitCode::infrastructure);
  }
  return end.exit_status.value_or(0);
}

}  // namespace

std::function<int()> add_shell(CLI::App &app) {
  auto command = std::make_shared<ShellCommand>();
  command->plans.add_to(app);
  app.get_option("input")->required(false);
  app.add_option("--attach", command->attach, "enter the guest that a run with --pause-on-failure keeps")
      ->type_name("NAME");
  app.add_option("--log", command->log, "where the kernel log appears (default: above the prompt; off for scripts)")
      ->check(CLI::IsMember({"above", "off"}))
      ->type_name("above|off");
  app.add_flag("--gdb", command->options.debugger, "stop before the first prompt until gdb continues the guest");
  app.add_option("--modules-dir", command->options.kernel.modules_dir,
                 "lib/modules/RELEASE of a kernel given as a file with --kernel")
      ->type_name("DIR");
  app.add_option("--headers", command->options.kernel.headers, "headers of a kernel given as a file with --kernel")
      ->type_name("DIR");
  app.add_flag_callback(
      "--no-snapshot", [command] { command->snapshots = false; }, "boot the guest instead of restoring it");
  app.add_flag("--no-kvm", command->no_kvm, "emulate even if KVM works");
  return [command] { return command->execute(); };
}

}  // namespace kmodtest::cli
