// SPDX-License-Identifier: GPL-2.0-or-later
#include "e2e/tool.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "kernel/kernel.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::e2e {

using namespace std::chrono_literals;

std::vector<nlohmann::json> finished_cases(const fs::path &events) {
  std::vector<nlohmann::json> cases;
  std::istringstream lines(read_file(events));
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json event = nlohmann::json::parse(line);
    if (event.value("event", "") == "CaseFinished") cases.push_back(std::move(event));
  }
  return cases;
}

Tool::Tool(std::vector<std::string> arguments, Environment environment, std::optional<uid_t> user,
           const fs::path &hidden) {
  std::vector<std::string> words = {KMODTEST_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  environment.emplace("KMODTEST_RUNTIME", runtime_.path().string());
  environment.emplace("NO_COLOR", "1");
  std::vector<char *> argv;
  for (auto &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string out = output_.path() / "out", err = output_.path() / "err";
  ::chmod(runtime_.path().c_str(), 0711);  // if we are root, QEMU runs as another user
  if (user && ::chown(runtime_.path().c_str(), *user, *user) != 0) throw std::runtime_error("cannot chown");

  pid_ = ::fork();
  if (pid_ != 0) return;
  const int in = ::open("/dev/null", O_RDONLY);
  const int to_out = ::open(out.c_str(), O_WRONLY | O_CREAT, 0600);
  const int to_err = ::open(err.c_str(), O_WRONLY | O_CREAT, 0600);
  ::dup2(in, 0);
  ::dup2(to_out, 1);
  ::dup2(to_err, 2);
  if (!hidden.empty() &&
      (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
       ::mount("/dev/null", hidden.c_str(), nullptr, MS_BIND, nullptr) != 0)) {
    ::_exit(126);
  }
  // Prints the same output if the tests themselves are a CI job.
  for (const char *name : {"GITHUB_ACTIONS", "GITLAB_CI"}) ::unsetenv(name);
  for (const auto &[name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (user && (::setgroups(0, nullptr) != 0 || ::setgid(*user) != 0 || ::setuid(*user) != 0)) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

bool may_mount() {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool may = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                     ::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0;
    ::_exit(may ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

bool has_gdb() {
  return std::system("gdb --version > /dev/null 2>&1") == 0;
}

Tool::~Tool() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Tool::signal(int number) const {
  ::kill(pid_, number);
}

Ended Tool::wait(std::chrono::seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  int status = 0;
  Ended ended;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
      status = -1;
      break;
    }
    std::this_thread::sleep_for(5ms);
  }
  pid_ = -1;
  if (status != -1) ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = read_file(output_.path() / "out");
  ended.err = read_file(output_.path() / "err");
  return ended;
}

std::vector<pid_t> Tool::guests() const {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string command = read_file(entry.path() / "cmdline");
    // QEMU, or the wrapper that becomes it; not qemu-img.
    const std::string program = fs::path(command.substr(0, command.find('\0'))).filename();
    const bool runs_guests = program.starts_with("qemu-system") || program == "kmodtest-qemu";
    if (runs_guests && command.find(runtime_.path().string()) != std::string::npos) {
      found.push_back(std::stoi(name));
    }
  }
  return found;
}

bool Tool::wait_for_guest(std::chrono::seconds deadline) const {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < end) {
    if (!guests().empty()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

bool Tool::guests_gone(std::chrono::milliseconds deadline) const {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!guests().empty()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

std::string Tool::out() const {
  return read_file(output_.path() / "out");
}

Ended kmodtest(std::vector<std::string> arguments, Tool::Environment environment) {
  Tool tool(std::move(arguments), std::move(environment));
  return tool.wait();
}

BorrowedCache::BorrowedCache() {
  const fs::path users = storage::cache_folder();
  kernel::KernelStore store(kernel::read_catalogue(storage::data_folder() / "kernels.yaml"), users,
                            base::ignored_notices());
  const auto kernel = store.cached(store.default_entry().name);
  if (!kernel) throw std::runtime_error("the fixture did not fetch the kernel");
  image_ = kernel->image;
  modules_dir_ = kernel->modules_dir;
  for (const char *shared : {"vmlinux", "initramfs"}) fs::create_symlink(users / shared, folder_.path() / shared);
  fs::permissions(folder_.path(), fs::perms::others_exec, fs::perm_options::add);
}

std::vector<std::string> BorrowedCache::arguments() const {
  return {"run", modules_dir_ / "kernel/lib/crc7.ko", "--kernel", image_, "--no-kvm", "--modules-dir", modules_dir_};
}

fs::path source_folder() {
  return KMODTEST_SOURCE;
}
fs::path plan_of(const std::string &name) {
  return source_folder() / "testplans" / (name + ".yaml");
}
fs::path test_plan(const std::string &name) {
  return source_folder() / "tests/e2e/plans" / (name + ".yaml");
}
fs::path faulty_modules() {
  return source_folder() / "modules/faulty";
}

std::vector<fs::path> plans_in(const std::string &folder) {
  std::vector<fs::path> plans;
  for (const auto &entry : fs::directory_iterator(source_folder() / folder)) {
    if (entry.path().extension() == ".yaml") plans.push_back(entry.path());
  }
  std::sort(plans.begin(), plans.end());
  return plans;
}

std::string name_of_plan(const ::testing::TestParamInfo<fs::path> &info) {
  std::string name = info.param.stem();
  const auto is_odd = [](unsigned char letter) { return !std::isalnum(letter); };
  std::replace_if(name.begin(), name.end(), is_odd, '_');
  return name;
}

}  // namespace kmodtest::e2e
