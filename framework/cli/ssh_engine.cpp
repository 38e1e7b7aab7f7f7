// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ssh_engine.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "run/guests/provisions.hpp"
#include "shards/archive.hpp"
#include "shards/host_service.hpp"
#include "shards/hosts_launcher.hpp"
#include "shards/pack_list.hpp"
#include "shards/program_files.hpp"
#include "shards/ssh_host.hpp"
#include "text/escape.hpp"
#include "text/number.hpp"
#include "vm/emulator.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSsh = "ssh:";
constexpr const char *kTimeoutVariable = "KMODTEST_HOST_TIMEOUT";
constexpr std::chrono::seconds kWorthHelp{4};  ///< a job starts within a second or two
constexpr const char *kRoot = "root";          ///< in a run's folder: the project's files

std::chrono::seconds host_timeout() {
  const std::string text = base::variable(kTimeoutVariable);
  if (text.empty()) return shards::SshSettings().silence;
  const auto seconds = text::whole_number<int>(text);
  if (seconds && *seconds >= 2 && *seconds <= 3600) return std::chrono::seconds(*seconds);
  throw base::UsageError(
      base::Code::bad_environment,
      fmt::format("{} has to be a number of seconds from 2 to 3600, not '{}'", kTimeoutVariable, text));
}

/// Makes a folder that only this user sees, with a path that is short enough for a socket.
fs::path make_socket_folder() {
  std::string folder = "/tmp/kmt-XXXXXX";
  if (::mkdtemp(folder.data()) != nullptr) return folder;
  throw base::Error(base::Code::cannot_write, fmt::format("cannot make a folder in /tmp: {}", std::strerror(errno)),
                    "free some space in /tmp");
}

void check_kernel(const plan::Case &test_case) {
  if (test_case.kernel != "host" && test_case.kernel.find('/') == std::string::npos) return;
  throw base::UsageError(
      base::Code::options_exclude,
      fmt::format("{} asks for the kernel {}, which stays on this machine", test_case.id, test_case.kernel),
      "with --on ssh, use kernels of the catalogue (kmodtest kernels list)");
}

/// Returns a word for a script on a host: absolute paths lead into the copy of the project.
std::string word_there(const std::string &word) {
  const auto there = [](const std::string &path) {
    return fmt::format("\"$run\"/{}{}", kRoot, text::shell_word(path));
  };
  if (word.starts_with('/')) return there(word);
  const auto path = word.find("=/");
  if (path == std::string::npos) return text::shell_word(word);
  return text::shell_word(word.substr(0, path + 1)) + there(word.substr(path + 1));
}

}  // namespace

bool is_ssh_engine(std::string_view engine) {
  return engine.starts_with(kSsh) || engine == "ssh";
}

int serve_host(const std::vector<std::string> &arguments) {
  if (arguments.size() != 2) return static_cast<int>(run::ExitCode::usage);
  for (const int number : {SIGHUP, SIGPIPE}) std::signal(number, SIG_IGN);
  fmt::print(stderr, "{}\n", shards::kServiceBegins);
  shards::MessageLink link(base::Descriptor(::dup(STDIN_FILENO)), base::Descriptor(::dup(STDOUT_FILENO)),
                           std::chrono::minutes(5));
  shards::HostServiceOptions options;
  options.folder = arguments[0];
  options.run = arguments[1];
  options.qemu = [] { return vm::qemu_version(vm::qemu_path()); };
  shards::serve_as_host(link, options);
  return static_cast<int>(run::ExitCode::all_passed);
}

SshEngine::SshEngine(const std::string &engine, const Cases &cases)
    : hosts_(shards::ssh_hosts(engine == "ssh" ? "" : std::string_view(engine).substr(kSsh.size()))) {
  for (const auto &each : cases) check_kernel(*each);
  settings_.silence = host_timeout();
}

SshEngine::~SshEngine() {
  std::error_code ignored;
  if (!settings_.sockets.empty()) fs::remove_all(settings_.sockets, ignored);
}

std::unique_ptr<shards::Launcher> SshEngine::launch(const RunCommand &command, const Cases &selected, const Cases &all,
                                                    const std::string &name, const fs::path &folder,
                                                    base::NoticeSink &notices) {
  const run::Provisions provisions = run::provide(command.options, selected, notices);
  shards::Luggage luggage;
  luggage.list = shards::list_entries(provisions, kVersion);
  // A history that knows none of the cases has no file.
  if (fs::exists(folder / "history.json")) luggage.files["history.json"] = folder / "history.json";
  for (const fs::path &file : shards::source_files(all, command.plans.inputs))
    luggage.files[kRoot + file.string()] = file;
  const auto program = shards::program_files();
  settings_.sockets = make_socket_folder();
  settings_.logs = settings_.sockets;
  settings_.run = name;
  settings_.program = settings_.sockets / "program.tar";
  settings_.program_digest = shards::digest_of_files(program);
  shards::ArchiveWriter archive(settings_.program);
  for (const auto &[place, file] : program) archive.add_file(place, file);
  archive.finish();
  const auto connect = [this](const std::string &host) -> std::unique_ptr<shards::Host> {
    return std::make_unique<shards::SshHost>(host, settings_);
  };
  return std::make_unique<shards::HostsLauncher>(hosts_, connect, std::move(luggage), folder, settings_.silence);
}

void SshEngine::fill(shards::ElsewhereOptions &options, const std::vector<std::string> &words) const {
  const std::string here = text::shell_word(fs::current_path().string());
  options.enter = fmt::format("run=$PWD\nmkdir -p \"$run\"/{0}{1} && cd \"$run\"/{0}{1}", kRoot, here);
  options.command = {"\"$run\"/program/kmodtest",      "run",     "--history",
                     "\"$run\"/history.json",          "--quiet", "--results-root",
                     fmt::format("\"$run\"/{}", kRoot)};
  for (const std::string &word : words) options.command.push_back(word_there(word));
  options.there = "\"$run\"";
  options.files_may_be_late = {};
  options.worth_help = kWorthHelp;
}

}  // namespace kmodtest::cli
