// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace kmodtest::base {
namespace {

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(Code::cannot_start_program, fmt::format("cannot make a pipe: {}", std::strerror(errno)),
                "raise the limit of open files (ulimit -n), or run fewer guests at once (-j 1)");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Kills and reaps the child unless it has been waited for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

std::string search_path() {
  const char *path = std::getenv("PATH");
  // depmod is in sbin, which is not in an ordinary user's PATH on Debian.
  return std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin";
}

std::string find_program(const std::string &name) {
  if (name.find('/') != std::string::npos) return name;
  if (std::optional<std::string> found = program_in_path(name)) return *std::move(found);
  throw Error(Code::no_program, fmt::format("there is no program '{}' on this machine", name),
              "install it, or add its folder to PATH");
}

std::vector<std::string> make_environment(const ProcessOptions &options) {
  std::map<std::string, std::string> variables;
  for (char **entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto &[name, value] : options.environment) {
    if (value) {
      variables[name] = *value;
    } else {
      variables.erase(name);
    }
  }
  std::vector<std::string> lines;
  lines.reserve(variables.size());
  for (const auto &[name, value] : variables) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> result;
  result.reserve(texts.size() + 1);
  for (auto &text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Runs between fork and exec: only calls that are safe there (signal-safety(7)). Returns the errno of the call that
/// failed.
int become(const char *program, char *const *arguments, char *const *environment, const char *directory, int input,
           int output, int error, pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  if (::getppid() != parent) return ECANCELED;  // the parent died before the line above
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD}) ::signal(number, SIG_DFL);
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(error, STDERR_FILENO) < 0) {
    return errno;
  }
  if (directory != nullptr && ::chdir(directory) != 0) return errno;
  ::execve(program, arguments, environment);
  return errno;
}

/// Reads both pipes to their ends.
void drain(Descriptor &out, Descriptor &err, const ProcessOptions &options, ProcessResult &result) {
  std::array<char, 65536> buffer;
  while (out.get() >= 0 || err.get() >= 0) {
    std::array<pollfd, 2> polled{pollfd{out.get(), POLLIN, 0}, pollfd{err.get(), POLLIN, 0}};
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error(Code::cannot_start_program, fmt::format("cannot wait for a process: {}", std::strerror(errno)),
                  "please report this");
    }
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      const ssize_t count = ::read(polled[i].fd, buffer.data(), buffer.size());
      if (count > 0) {
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        (i == 0 ? result.out : result.err).append(piece);
        if (i == 0 && options.on_output) options.on_output(piece);
      } else if (count == 0 || errno != EINTR) {
        (i == 0 ? out : err).close();
      }
    }
  }
}

}  // namespace

std::optional<std::string> program_in_path(const std::string &name) {
  const std::string path = search_path();
  std::size_t begin = 0;
  while (begin <= path.size()) {
    std::size_t end = path.find(':', begin);
    if (end == std::string::npos) end = path.size();
    std::string candidate = path.substr(begin, end - begin) + "/" + name;
    if (end > begin && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return std::nullopt;
}

ProcessResult run_process(const std::vector<std::string> &arguments, const ProcessOptions &options) {
  // Everything that allocates happens before fork: another thread may hold the allocator's lock.
  const std::string program = find_program(arguments.at(0));
  std::vector<std::string> argument_copies = arguments;
  std::vector<std::string> environment = make_environment(options);
  const std::vector<char *> argument_pointers = pointers(argument_copies);
  const std::vector<char *> environment_pointers = pointers(environment);
  const std::string directory = options.directory.string();

  Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe failure = make_pipe();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0)
    throw Error(Code::cannot_start_program, fmt::format("cannot start '{}': {}", program, std::strerror(errno)),
                "raise the limit of processes (ulimit -u), or run fewer guests at once (-j 1)");
  if (pid == 0) {
    const int reason = become(program.c_str(), argument_pointers.data(), environment_pointers.data(),
                              directory.empty() ? nullptr : directory.c_str(), input.get(), out.write.get(),
                              options.merge_output ? out.write.get() : err.write.get(), parent);
    [[maybe_unused]] const ssize_t ignored = ::write(failure.write.get(), &reason, sizeof reason);
    ::_exit(127);
  }
  Child child(pid);
  out.write.close();
  err.write.close();
  failure.write.close();

  int reason = 0;
  ssize_t got = 0;
  while ((got = ::read(failure.read.get(), &reason, sizeof reason)) < 0 && errno == EINTR) {
  }
  if (got == static_cast<ssize_t>(sizeof reason)) {
    throw Error(
        Code::cannot_start_program,
        fmt::format("cannot start '{}'{}: {}", program,
                    directory.empty() ? std::string() : fmt::format(" in {}", directory), std::strerror(reason)));
  }
  ProcessResult result;
  drain(out.read, err.read, options, result);
  const int status = child.wait();
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGINT) throw Interrupted();
    result.exit_code = 128 + WTERMSIG(status);
  } else {
    result.exit_code = WEXITSTATUS(status);
  }
  return result;
}

}  // namespace kmodtest::base
