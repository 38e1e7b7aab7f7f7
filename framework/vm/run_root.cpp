// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/run_root.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"
#include "vm/emulator.hpp"
#include "vm/process.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;
namespace {

constexpr const char *kLockFile = "controller";
// Leaves room for "/lib/qemu/domain-99-twenty-characters-xx/monitor.sock" and a pid within a socket's 107 characters.
constexpr std::size_t kLongestRunsFolder = 40;

// Directories that the embedded driver creates when it is opened, and only then. So a root that is removed and opened
// again in one process has to recreate them.
struct DriverFolder {
  fs::path path;
  struct stat attributes;
};
std::mutex the_root_mutex;
std::weak_ptr<RunRoot> the_root;
std::vector<DriverFolder> driver_folders;

[[noreturn]] void fail(const std::string &what, int error) {
  throw base::Error(base::Code::bad_runtime_folder, fmt::format("{}: {}", what, std::strerror(error)),
                    "check the folder's permissions and the free space");
}

bool others_may(const fs::path &path, mode_t bits) {
  struct stat attributes {};
  return ::stat(path.c_str(), &attributes) == 0 && (attributes.st_mode & bits) == bits;
}

/// Returns whether any user can reach `file` and has the permission `bits` on it.
bool open_to_others(const fs::path &file, mode_t bits) {
  for (fs::path folder = file.parent_path(); !folder.empty() && folder != folder.root_path();
       folder = folder.parent_path()) {
    if (!others_may(folder, S_IXOTH)) return false;
  }
  return others_may(file, bits);
}

/// Returns a name that stays the same for a file, and changes if the file is replaced.
std::string identity(const fs::path &file) {
  struct stat attributes {};
  if (::stat(file.c_str(), &attributes) != 0) fail(fmt::format("cannot read {}", file.string()), errno);
  return fmt::format("{:x}-{:x}-{:x}-{:x}", attributes.st_dev, attributes.st_ino, attributes.st_size,
                     attributes.st_mtim.tv_sec * 1000000000 + attributes.st_mtim.tv_nsec);
}

void copy_whole(const fs::path &from, const fs::path &to, fs::perms permissions) {
  const fs::path unfinished = to.string() + fmt::format(".{}", ::getpid());
  std::error_code error;
  fs::copy_file(from, unfinished, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(unfinished, permissions, error);
  if (!error) fs::rename(unfinished, to, error);
  if (error) {
    fs::remove(unfinished, error);
    fail(fmt::format("cannot copy {} to {}", from.string(), to.string()), error.value());
  }
}

void end_emulators_of(const fs::path &root) {
  const std::string below = root.string() + "/";
  for (const ProcessStat &process : all_processes()) {
    if (process.pid == ::getpid() || command_line(process.pid).find(below) == std::string::npos) continue;
    if (process.name.starts_with("qemu-system")) end_process(process.pid, std::chrono::seconds(5));
  }
}

/// Locks the folder of all roots until the result is destroyed. For a moment a new root has no lock of its own, and
/// would look like one of the dead to another controller that sweeps.
base::Descriptor lock_all_roots(const fs::path &runs) {
  base::Descriptor folder(::open(runs.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) fail(fmt::format("cannot open {}", runs.string()), errno);
  while (::flock(folder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) fail(fmt::format("cannot lock {}", runs.string()), errno);
  }
  return folder;
}

std::string own_name() {
  const auto self = process_stat(::getpid());
  return fmt::format("{}-{:x}", ::getpid(), self ? self->start_time : 0);
}

}  // namespace

std::optional<QemuUser> unprivileged_user() {
  if (::geteuid() != 0) return std::nullopt;
  // For a machine where only root can open /dev/kvm.
  if (base::variable("KMODTEST_QEMU_USER") == "root") return std::nullopt;
  for (const char *name : {"libvirt-qemu", "nobody"}) {
    const passwd *user = ::getpwnam(name);
    if (user == nullptr || user->pw_uid == 0) continue;
    QemuUser found{.name = name, .uid = user->pw_uid, .gid = user->pw_gid};
    const group *its_group = ::getgrgid(user->pw_gid);
    found.group = its_group != nullptr ? its_group->gr_name : fmt::format("+{}", user->pw_gid);
    return found;
  }
  return std::nullopt;
}

void make_private_folder(const fs::path &folder) {
  // Root's QEMU runs as another user, who must be able to pass through, but not to list.
  const mode_t mode = ::geteuid() == 0 ? 0711 : 0700;
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST)
    fail(fmt::format("cannot make {}", folder.string()), errno);
  struct stat attributes {};
  if (::lstat(folder.c_str(), &attributes) != 0) fail(fmt::format("cannot read {}", folder.string()), errno);
  const bool ours = S_ISDIR(attributes.st_mode) && attributes.st_uid == ::geteuid();
  if (!ours || (attributes.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw base::Error(base::Code::bad_runtime_folder,
                      fmt::format("{} is not a private folder of ours", folder.string()),
                      "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
  }
  if (::chmod(folder.c_str(), mode) != 0) fail(fmt::format("cannot make {} private", folder.string()), errno);
}

fs::path runs_folder() {
  if (const std::string wanted = base::variable("KMODTEST_RUNTIME"); !wanted.empty()) {
    fs::path folder = fs::absolute(wanted);
    if (folder.string().size() > kLongestRunsFolder) {
      throw base::Error(base::Code::bad_environment,
                        fmt::format("KMODTEST_RUNTIME is too long for the sockets of guests: {}", folder.string()),
                        fmt::format("name a folder of at most {} characters", kLongestRunsFolder), base::Blame::usage);
    }
    make_private_folder(folder);
    return folder;
  }
  fs::path folder = fmt::format("/tmp/kmodtest-{}", ::geteuid());
  const std::string runtime = base::variable("XDG_RUNTIME_DIR");
  if (::geteuid() != 0 && runtime.starts_with('/')) {
    const fs::path wanted = fs::path(runtime) / "kmodtest";
    if (wanted.string().size() <= kLongestRunsFolder && ::access(runtime.c_str(), W_OK | X_OK) == 0) folder = wanted;
  }
  make_private_folder(folder);
  return folder;
}

std::string qemu_conf(const std::optional<QemuUser> &user) {
  std::string conf;
  if (::geteuid() == 0) {
    conf += fmt::format("user = \"{}\"\ngroup = \"{}\"\n", user ? user->name : "root", user ? user->group : "root");
  }
  // No daemon except for us: no virtlogd, no cgroups, no mount namespaces. Nothing is relabelled, since nothing is
  // shared.
  conf +=
      "stdio_handler = \"file\"\n"
      "security_driver = \"none\"\n"
      "seccomp_sandbox = 1\n"
      "namespaces = []\n"
      "cgroup_controllers = []\n"
      "dynamic_ownership = 0\n"
      "remember_owner = 0\n"
      "max_core = 0\n";
  return conf;
}

int sweep_stale_roots(const fs::path &runs) {
  int removed = 0;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(runs, error)) {
    if (!entry.is_directory() || entry.is_symlink()) continue;
    const fs::path &root = entry.path();
    const int lock = ::open((root / kLockFile).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    // A root gets its final name after its lock, so a folder without one was not made by kmodtest.
    if (lock < 0) continue;
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
      end_emulators_of(root);
      std::error_code ignored;
      fs::remove_all(root, ignored);
      ++removed;
    }
    ::close(lock);
  }
  return removed;
}

std::shared_ptr<RunRoot> RunRoot::open() {
  const std::lock_guard lock(the_root_mutex);
  if (auto existing = the_root.lock()) return existing;

  const fs::path runs = runs_folder();
  const base::Descriptor all = lock_all_roots(runs);
  sweep_stale_roots(runs);
  const fs::path path = runs / own_name();
  const fs::path unfinished = runs / ("." + own_name());
  std::error_code error;
  fs::remove_all(unfinished, error);
  make_private_folder(unfinished);
  const int descriptor = ::open((unfinished / kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || ::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    fail(fmt::format("cannot lock {}", (unfinished / kLockFile).string()), errno);
  }
  const std::optional<QemuUser> user = unprivileged_user();
  fs::create_directory(unfinished / "etc", error);
  std::ofstream conf(unfinished / "etc/qemu.conf");
  conf << qemu_conf(user);
  conf.close();
  if (conf.fail()) fail(fmt::format("cannot write {}", (unfinished / "etc/qemu.conf").string()), errno);
  for (const DriverFolder &folder : driver_folders) {
    const fs::path again = unfinished / folder.path;
    fs::create_directories(again, error);
    ::chmod(again.c_str(), folder.attributes.st_mode & 07777);
    if (::chown(again.c_str(), folder.attributes.st_uid, folder.attributes.st_gid) != 0) continue;
  }
  fs::rename(unfinished, path, error);
  if (error) fail(fmt::format("cannot make {}", path.string()), error.value());
  std::shared_ptr<RunRoot> root(new RunRoot(path, user, descriptor));
  the_root = root;
  return root;
}

RunRoot::RunRoot(fs::path path, std::optional<QemuUser> user, int lock)
    : path_(std::move(path)), user_(std::move(user)), lock_(lock) {}

RunRoot::~RunRoot() {
  const std::lock_guard lock(the_root_mutex);
  std::error_code error;
  driver_folders.clear();
  for (fs::recursive_directory_iterator entry(path_, error), end; entry != end; entry.increment(error)) {
    DriverFolder folder{entry->path().lexically_relative(path_), {}};
    if (!entry->is_directory(error) || entry->is_symlink(error)) continue;
    const std::string first = *folder.path.begin();
    if (first == "images" || first.starts_with('g')) continue;  // ours
    if (::stat(entry->path().c_str(), &folder.attributes) == 0) driver_folders.push_back(std::move(folder));
  }
  fs::remove_all(path_, error);
  ::close(lock_);
}

fs::path RunRoot::make_guest_folder() {
  const std::lock_guard lock(mutex_);
  fs::path folder = path_ / fmt::format("g{}", ++guests_);
  make_private_folder(folder);
  if (user_ && ::chown(folder.c_str(), user_->uid, user_->gid) != 0) {
    fail(fmt::format("cannot give {} to {}", folder.string(), user_->name), errno);
  }
  return folder;
}

void RunRoot::make_file_for_qemu(const fs::path &file, std::uintmax_t bytes) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) fail(fmt::format("cannot make {}", file.string()), errno);
  const int error = ::ftruncate(descriptor, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) fail(fmt::format("cannot make {}", file.string()), error);
  give_to_qemu(file);
}

void RunRoot::make_state_image(const fs::path &file) {
  copy_image("empty", file, vm::make_state_image);
}

void RunRoot::prepare_state_image() {
  empty_image("empty", vm::make_state_image);
}

void RunRoot::make_disk_image(const fs::path &file, std::uint64_t bytes) {
  copy_image(fmt::format("empty-{}", bytes), file, [&](const fs::path &made) { vm::make_disk_image(made, bytes); });
}

fs::path RunRoot::empty_image(const std::string &name, const std::function<void(const fs::path &)> &make) {
  fs::path empty = path_ / (name + ".qcow2");
  const std::lock_guard lock(mutex_);
  std::error_code error;
  if (fs::exists(empty, error)) return empty;
  const fs::path unfinished = path_ / (name + ".qcow2.new");
  make(unfinished);
  fs::rename(unfinished, empty);
  return empty;
}

void RunRoot::copy_image(const std::string &name, const fs::path &to,
                         const std::function<void(const fs::path &)> &make) {
  copy_whole(empty_image(name, make), to, fs::perms(0600));
  give_to_qemu(to);
}

void RunRoot::give_to_qemu(const fs::path &file) {
  if (user_ && ::chown(file.c_str(), user_->uid, user_->gid) != 0) {
    fail(fmt::format("cannot give {} to {}", file.string(), user_->name), errno);
  }
}

fs::path RunRoot::readable_by_qemu(const fs::path &file) {
  const std::string name = identity(file);
  // A link leads through other folders than those in its path.
  if (!user_ || open_to_others(fs::canonical(file), S_IROTH)) return fs::absolute(file);
  const std::lock_guard lock(mutex_);
  fs::path copy = path_ / "images" / name;
  std::error_code error;
  if (fs::exists(copy, error)) return copy;
  make_private_folder(copy.parent_path());
  // A second name costs nothing, a copy of a kernel 50 MB; but we must not change the permissions of a user's file.
  const fs::path whole = fs::canonical(file);
  if (others_may(whole, S_IROTH) && ::link(whole.c_str(), copy.c_str()) == 0) return copy;
  copy_whole(file, copy, fs::perms(0444));
  return copy;
}

std::optional<fs::path> RunRoot::lend_to_qemu(int descriptor, const fs::path &link) const {
  if (!user_) return fmt::format("/proc/{}/fd/{}", ::getpid(), descriptor);
  const std::string own = fmt::format("/proc/self/fd/{}", descriptor);
  if (::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, link.c_str(), AT_SYMLINK_FOLLOW) != 0) return std::nullopt;
  if (::fchmod(descriptor, 0444) == 0) return link;
  ::unlink(link.c_str());
  return std::nullopt;
}

fs::path RunRoot::startable_by_qemu(const fs::path &emulator) {
  const std::string name = identity(emulator);
  if (!user_ || open_to_others(emulator, S_IXOTH)) return emulator;
  // Next to the roots and not in ours: libvirt remembers an emulator's capabilities by its path.
  fs::path copy = path_.parent_path() / (name + ".emulator");
  std::error_code error;
  if (!fs::exists(copy, error)) copy_whole(emulator, copy, fs::perms(0755));
  return copy;
}

}  // namespace kmodtest::vm
