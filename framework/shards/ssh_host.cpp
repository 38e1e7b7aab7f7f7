// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/ssh_host.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sstream>
#include <unistd.h>
#include <utility>

#include "base/process.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kBetweenTries{50};
constexpr std::chrono::seconds kToLeave{15};

/// Asks a host for its facts. One line without single quotes, so that every login shell passes it on to sh as it is.
/// Root's home is closed to the user that QEMU runs as for root, who has to reach the program.
constexpr const char *kQuestions =
    "echo \"system $(uname -s)\"; echo \"machine $(uname -m)\"; "
    "if test \"$(id -u)\" = 0; then c=/var/cache; else c=\"${XDG_CACHE_HOME:-$HOME/.cache}\"; fi; "
    "b=\"${KMODTEST_CACHE:-$c/kmodtest}/remote\"; echo \"folder $b\"; "
    "if test -x \"$b/program-$1/kmodtest\"; then echo program; fi";

/// Unpacks the program from standard input into a folder that appears as a whole.
constexpr const char *kTakeProgram =
    "set -e; umask 022; mkdir -p \"$1\"; rm -rf \"$1/program-$2.$$\"; mkdir \"$1/program-$2.$$\"; "
    "if tar -xf - -C \"$1/program-$2.$$\"; then mv -T \"$1/program-$2.$$\" \"$1/program-$2\" || test -x "
    "\"$1/program-$2/kmodtest\"; else rm -rf \"$1/program-$2.$$\"; exit 1; fi";

/// Returns a word for the shells that people log in with.
std::string login_word(const std::string &word) {
  return "'" + text::replaced(word, "'", "'\\''") + "'";
}

std::string script_command(const char *script, const std::vector<std::string> &arguments) {
  std::string command = "exec sh -c " + login_word(script) + " sh";
  for (const std::string &argument : arguments) command += " " + login_word(argument);
  return command;
}

bool has_any(std::string_view text, const std::vector<std::string_view> &words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// Returns the last line that is not empty.
std::string last_words(const std::string &text) {
  std::string last;
  for (const std::string_view line : text::lines_of(text)) {
    const auto end = line.find_last_not_of(" \r\n\t");
    if (end != std::string_view::npos) last = text::printable(line.substr(0, end + 1));
  }
  return last;
}

std::string read_if_there(const fs::path &file) {
  std::error_code none;
  return fs::exists(file, none) ? storage::read_whole_file(file) : std::string();
}

base::Descriptor open_log(const fs::path &file) {
  base::Descriptor log(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (log) return log;
  throw base::Error(base::Code::cannot_write,
                    fmt::format("cannot write '{}': {}", file.string(), std::strerror(errno)));
}

struct PipeEnds {
  base::Descriptor read, write;
};

PipeEnds make_pipe_ends() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw base::Error(base::Code::cannot_start_program, fmt::format("cannot make a pipe: {}", std::strerror(errno)),
                      "raise the limit of open files (ulimit -n)");
  }
  return {base::Descriptor(ends[0]), base::Descriptor(ends[1])};
}

/// Returns the line in which these words are.
std::string line_with(const std::string &text, std::string_view words) {
  const std::size_t found = text.find(words);
  const std::size_t before = text.rfind('\n', found);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text::printable(text.substr(begin, text.find('\n', found) - begin));
}

}  // namespace

std::vector<std::string> ssh_hosts(std::string_view text) {
  std::vector<std::string> hosts;
  std::istringstream words{std::string(text)};
  for (std::string word; std::getline(words, word, ',');) {
    const bool bad =
        word.empty() || word.front() == '-' || word.find_first_of(" \t\n\"'\\$`;&|<>()") != std::string::npos;
    if (bad) {
      throw base::UsageError(base::Code::bad_option_value,
                             fmt::format("--on ssh: '{}' is not the name of a host", word),
                             "write the hosts as ssh takes them: ssh:one,me@two,three.example");
    }
    if (std::find(hosts.begin(), hosts.end(), word) != hosts.end()) {
      throw base::UsageError(base::Code::bad_option_value, fmt::format("--on ssh names the host '{}' twice", word),
                             "a host runs one shard at a time, on all its cores");
    }
    hosts.push_back(word);
  }
  if (hosts.empty()) {
    throw base::UsageError(base::Code::bad_option_value, "--on ssh names no host",
                           "write the hosts as ssh takes them: ssh:one,me@two");
  }
  return hosts;
}

base::Error ssh_error(const std::string &host, const std::string &words) {
  const std::string last = last_words(words);
  const auto error = [&](base::Code code, const std::string &what, const std::string &hint) {
    return base::Error(code, fmt::format("host {}: {}", host, what.empty() ? "ssh ended without a word" : what), hint);
  };
  if (has_any(words, {"Permission denied (", "Too many authentication failures"})) {
    return error(base::Code::host_refused_login, last,
                 fmt::format("copy your key there with 'ssh-copy-id {}', or load it with ssh-add", host));
  }
  for (const char *full : {"No space left on device", "Disk quota exceeded"}) {
    if (!has_any(words, {full})) continue;
    return error(base::Code::disk_full, "its disk is full: " + line_with(words, full),
                 fmt::format("free some space on {}", host));
  }
  if (has_any(words, {"error while loading shared libraries"})) {
    const auto begin = words.find("error while loading shared libraries");
    return error(base::Code::host_lacks_parts, words.substr(begin, words.find('\n', begin) - begin),
                 fmt::format("run tools/install-dependencies.sh on {}", host));
  }
  return error(base::Code::host_unreachable, last, fmt::format("make 'ssh -o BatchMode=yes {} true' work first", host));
}

std::string words_of_service(std::string_view errors) {
  const std::size_t begin = errors.find(kServiceBegins);
  if (begin != std::string_view::npos) errors.remove_prefix(begin + kServiceBegins.size());
  return last_words(std::string(errors));
}

HostFacts parse_host_facts(std::string_view text) {
  HostFacts facts;
  for (const std::string_view line : text::lines_of(text)) {
    const auto rest = [&](std::string_view key) -> std::optional<std::string> {
      if (!line.starts_with(key)) return std::nullopt;
      return std::string(line.substr(key.size()));
    };
    if (auto system = rest("system ")) facts.system = *system;
    if (auto machine = rest("machine ")) facts.machine = *machine;
    if (auto folder = rest("folder ")) facts.folder = *folder;
    if (line == "program") facts.has_program = true;
  }
  return facts;
}

SshHost::SshHost(std::string name, const SshSettings &settings) : name_(std::move(name)), settings_(settings) {
  connect();
  const HostFacts facts = ask();
  if (!facts.has_program) push_program(facts);
  start_service(facts);
}

SshHost::~SshHost() {
  if (!link_) return;
  link_.reset();  // the service ends, and removes the run's folder
  const auto end = std::chrono::steady_clock::now() + kToLeave;
  while (!service_->wait(kBetweenTries) && !master_->ended() && std::chrono::steady_clock::now() < end) continue;
}

fs::path SshHost::socket() const {
  return settings_.sockets / storage::sha256(name_).substr(0, 8);
}

fs::path SshHost::log(const char *what) const {
  return settings_.logs / fmt::format("{}-{}.log", what, storage::sha256(name_).substr(0, 8));
}

std::vector<std::string> SshHost::words(const std::string &command) const {
  return {"ssh", "-o", "BatchMode=yes", "-o", "ControlMaster=no", "-S", socket().string(), "--", name_, command};
}

void SshHost::connect() {
  const base::Descriptor output = open_log(log("master"));
  const auto alive = std::max<std::int64_t>(1, settings_.silence.count() / 3);
  master_ = std::make_unique<base::ChildProcess>(
      std::vector<std::string>{"ssh", "-M", "-N", "-S", socket().string(), "-o", "BatchMode=yes", "-o",
                               "ControlPersist=no", "-o", fmt::format("ConnectTimeout={}", settings_.silence.count()),
                               "-o", fmt::format("ServerAliveInterval={}", alive), "-o", "ServerAliveCountMax=3", "--",
                               name_},
      base::ChildFiles{.in = -1, .out = output.get(), .err = output.get()});
  std::error_code none;
  while (!fs::exists(socket(), none)) {
    if (master_->wait(kBetweenTries)) throw ssh_error(name_, read_if_there(log("master")));
  }
}

HostFacts SshHost::ask() const {
  const auto answer = base::run_process(words(script_command(kQuestions, {settings_.program_digest})));
  if (!answer.ok()) throw ssh_error(name_, answer.err);
  HostFacts facts = parse_host_facts(answer.out);
  if (facts.system == "Linux" && facts.machine == "x86_64" && facts.folder.is_absolute()) return facts;
  throw base::Error(base::Code::host_other_machine,
                    fmt::format("host {}: it is '{} {}', and this kmodtest is for Linux on x86_64", name_,
                                text::printable(facts.system), text::printable(facts.machine)),
                    fmt::format("leave {} out of --on", name_));
}

void SshHost::push_program(const HostFacts &facts) const {
  const base::Descriptor input(::open(settings_.program.c_str(), O_RDONLY | O_CLOEXEC));
  const base::Descriptor output = open_log(log("program"));
  base::ChildProcess push(words(script_command(kTakeProgram, {facts.folder.string(), settings_.program_digest})),
                          {.in = input.get(), .out = output.get(), .err = output.get()});
  while (!push.wait(kBetweenTries)) {
    if (master_->ended()) break;
  }
  if (push.ended() != 0) throw ssh_error(name_, read_if_there(log("program")));
}

void SshHost::start_service(const HostFacts &facts) {
  PipeEnds to = make_pipe_ends(), from = make_pipe_ends();
  const base::Descriptor output = open_log(log("service"));
  const fs::path program = facts.folder / ("program-" + settings_.program_digest) / "kmodtest";
  const std::string command = fmt::format("exec {} __host {} {}", login_word(program.string()),
                                          login_word(facts.folder.string()), login_word(settings_.run));
  service_ = std::make_unique<base::ChildProcess>(
      words(command), base::ChildFiles{.in = to.read.get(), .out = from.write.get(), .err = output.get()});
  link_ = std::make_unique<MessageLink>(std::move(from.read), std::move(to.write), settings_.silence);
}

base::Error SshHost::error_of(const base::Error &lost) const {
  const std::string said = read_if_there(log("service"));
  if (has_any(said, {"error while loading shared libraries", "No space left on device"})) return ssh_error(name_, said);
  const std::string last = words_of_service(said);
  return base::Error(base::Code::host_lost,
                     fmt::format("host {}: {}{}", name_, lost.what(), last.empty() ? "" : ": " + last));
}

}  // namespace kmodtest::shards
