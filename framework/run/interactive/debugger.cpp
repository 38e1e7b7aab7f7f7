// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/interactive/debugger.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "agent/session.hpp"
#include "base/embedded.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/task.hpp"
#include "kernel/symbols/debug_files.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;
namespace fs = std::filesystem;

/// The files of templates/debugger/ (CMakeLists.txt).
base::EmbeddedFiles debugger_scripts();

namespace {

constexpr std::chrono::milliseconds kPushDeadline{60'000};
constexpr std::chrono::seconds kSurveyDeadline{60};
constexpr const char *kKallsymsMark = "--- kallsyms\n";

std::string script_text(std::string_view name) {
  return std::string(base::embedded_text(debugger_scripts(), name));
}

/// Returns whether a section is of use for a debugger, and still there when a module has been initialised.
bool is_of_use(const std::string &section) {
  for (const char *kind : {".text", ".data", ".rodata", ".bss", ".init.text", ".exit.text", ".noinstr.text"})
    if (section == kind || section.starts_with(std::string(kind) + ".")) return true;
  return section.starts_with(".data..") || section == "__param";
}

/// Returns gdb's commands that load the symbols, one line each.
std::string symbol_commands(const std::optional<KernelSymbols> &kernel, const std::vector<PlacedModule> &modules) {
  std::string commands;
  if (kernel) {
    commands += kernel->offset == 0 ? fmt::format("symbol-file {}\n", kernel->file.string())
                                    : fmt::format("symbol-file -o {:#x} {}\n", kernel->offset, kernel->file.string());
  }
  for (const PlacedModule &module : modules) {
    if (module.sections.empty()) continue;
    commands += fmt::format("add-symbol-file {}", module.file.string());
    for (const auto &[section, address] : module.sections)
      if (is_of_use(section)) commands += fmt::format(" -s {} {:#x}", section, address);
    commands += '\n';
  }
  return commands;
}

}  // namespace

std::string gdb_script(const fs::path &socket, const std::optional<KernelSymbols> &kernel,
                       const std::vector<PlacedModule> &modules) {
  const std::string script =
      text::replaced(script_text("commands.gdb"), "@symbols@\n", symbol_commands(kernel, modules));
  return text::replaced(script, "@socket@", socket.string());
}

std::string survey_script(const wire::Program &program) {
  std::vector<std::string> prerequisites;
  for (const wire::ModuleToLoad &module : program.prerequisites) prerequisites.push_back(module.path);
  const std::string script =
      text::replaced(script_text("survey.sh"), "@prerequisites@", fmt::format("{}", fmt::join(prerequisites, " ")));
  return text::replaced(script, "@modules@", fmt::format("{}", fmt::join(program.modules, " ")));
}

void check_gdb() {
  try {
    base::run_process({"gdb", "--version"});
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &) {
    throw base::UsageError(base::Code::no_gdb, "gdb is not installed",
                           "install the package gdb, or use --gdb without =attach");
  }
}

Debugger::~Debugger() {
  if (gdb_ > 0) ::kill(gdb_, SIGTERM);
}

Task<> Debugger::survey(GuestSlot &slot, const Prepared &prepared, std::string guest_name,
                        std::chrono::milliseconds boot_deadline) {
  outcome::Timings timings;
  vm::GuestSpec spec = prepared.spec;
  std::string description = describe(prepared);
  Progress quiet = [](Phase, const std::string &) {};
  Pristine pristine = co_await slot.pristine(std::move(spec), std::move(guest_name), std::move(description),
                                             boot_deadline, std::move(quiet), timings);
  if (pristine.failure) co_return;  // the case's own guest will not come up either, and reports the reason
  auto executor = co_await asio::this_coro::executor;
  agent::Session session(
      agent::make_memory_transport(executor, pristine.guest->shared_memory(), agent::SharedState::restored));
  std::string answer, problem;
  try {
    answer = co_await ask(session, prepared, *pristine.guest);
  } catch (const agent::SessionError &error) {
    problem = error.what();
  }
  if (!problem.empty()) notices_.say("could not find the addresses of the modules: " + problem);
  read_answer(answer, prepared);
  slot.distrust();
  co_await slot.pause();
}

Task<std::string> Debugger::ask(agent::Session &session, const Prepared &prepared, vm::Guest &guest) {
  for (const PushedFile &file : prepared.files) {
    std::string path = file.path;
    const std::string content = file.of_the_kernel ? *file.content : kernel::dormant_module(*file.content);
    co_await session.push(std::move(path), content, kPushDeadline);
  }
  wire::OpenTerminal wanted;
  wanted.command = survey_script(prepared.program);
  std::string answer;
  std::function<void(const wire::AgentMessage &)> take = [&answer](const wire::AgentMessage &message) {
    const auto *output = std::get_if<wire::TerminalOutput>(&message);
    if (output != nullptr) answer += output->data;
  };
  std::function<Task<>()> go = [&guest] { return guest.resume(); };
  base::Alarm patience(co_await asio::this_coro::executor);
  patience.set(kSurveyDeadline, [&session] { session.close(); });
  co_await session.terminal(std::move(wanted), std::move(take), std::move(go));
  patience.cancel();
  co_return answer;
}

void Debugger::read_answer(const std::string &answer, const Prepared &prepared) {
  modules_.clear();
  for (std::size_t i = 0; i < prepared.modules.size(); ++i)
    modules_.push_back({.name = prepared.program.modules[i], .file = prepared.modules[i].file});
  const std::size_t mark = answer.find(kKallsymsMark);
  for (const std::string &line : text::lines_of(answer.substr(0, mark))) {
    const std::size_t name_end = line.find(' '), address_at = line.rfind(" 0x");
    if (name_end == std::string::npos || address_at == std::string::npos || address_at <= name_end) continue;
    const std::string_view digits = std::string_view(line).substr(address_at + 3);
    const auto address = text::leading_number<std::uint64_t>(digits, 16).value_or(0);
    for (PlacedModule &module : modules_)
      if (module.name == line.substr(0, name_end) && address != 0)
        module.sections[line.substr(name_end + 1, address_at - name_end - 1)] = address;
  }
  for (const PlacedModule &module : modules_)
    if (module.sections.empty())
      notices_.say(fmt::format("gdb gets no symbols of {}: the guest did not report its address ({})", module.name,
                               text::printable(answer.substr(0, std::min<std::size_t>(answer.find('\n'), 200)))));
  if (mark == std::string::npos) return;
  const std::string_view kallsyms = std::string_view(answer).substr(mark + std::strlen(kKallsymsMark));
  if (const auto vmlinux = kernel::debug_vmlinux(prepared.kernel)) {
    const auto runs_at = kernel::address_in_kallsyms(kallsyms, "_text");
    const auto linked_at = kernel::address_in_elf(*vmlinux, "_text");
    if (runs_at && linked_at) {
      kernel_ = KernelSymbols{
          .file = *vmlinux, .offset = static_cast<std::int64_t>(*runs_at - *linked_at), .debug_information = true};
      return;
    }
  }
  try {
    const std::string symbols = kernel::symbols_from_kallsyms(kallsyms);
    const fs::path file = cache_ / "symbols" / fmt::format("{}.elf", storage::sha256(symbols).substr(0, 32));
    std::error_code error;
    storage::make_folder(file.parent_path());
    if (!fs::exists(file, error)) storage::write_whole_file(file, symbols);
    kernel_ = KernelSymbols{.file = file};
  } catch (const base::Error &error) {
    notices_.say(fmt::format("gdb gets no names of the kernel's functions: {}", error.what()));
  }
}

Task<> Debugger::begin(vm::Guest &guest) {
  const fs::path socket = co_await guest.serve_debugger();
  const fs::path script = socket.parent_path().parent_path() / "kmodtest.gdb";
  storage::write_whole_file(script, gdb_script(socket, kernel_, modules_));
  if (!kernel_ || !kernel_->debug_information) {
    notices_.say(
        "the kernel has no debug information here: gdb knows names of its functions, lines and types of the modules "
        "only (Debian's package linux-image-…-dbg has the rest)");
  }
  if (mode_ == Mode::wait) {
    notices_.say(
        fmt::format("the guest is paused before the first step until gdb resumes it:  gdb -x {}", script.string()));
    co_return;
  }
  start_gdb(script);
  auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, wait_for_gdb(guest), [](const std::exception_ptr &) {});
}

void Debugger::start_gdb(const fs::path &script) {
  std::string file = script.string();
  std::array<char *, 5> arguments = {const_cast<char *>("gdb"), const_cast<char *>("-q"), const_cast<char *>("-x"),
                                     file.data(), nullptr};
  const pid_t pid = ::fork();
  if (pid < 0)
    throw base::Error(base::Code::cannot_start_program, fmt::format("cannot start gdb: {}", std::strerror(errno)),
                      "raise the limit of processes (ulimit -u)");
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  gdb_ = pid;
}

Task<> Debugger::wait_for_gdb(vm::Guest &guest) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  while (::waitpid(gdb_, nullptr, WNOHANG) == 0) {
    timer.expires_after(std::chrono::milliseconds(50));
    co_await timer.async_wait(token);
  }
  gdb_ = 0;
  try {
    co_await guest.resume();  // whatever state gdb left it in
  } catch (const base::Error &) {
    // gdb ended the machine, or it runs.
  }
}

}  // namespace kmodtest::run
