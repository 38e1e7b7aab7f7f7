// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kmodtest::vm {

/// Who QEMU runs as when we are root.
struct QemuUser {
  std::string name;
  std::string group;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Nothing when we are not root: then QEMU runs as we do. libvirt's own user where it exists, else
/// nobody; KMODTEST_QEMU_USER=root keeps root.
std::optional<QemuUser> unprivileged_user();

/// The folder that holds all controllers' roots of this user: $KMODTEST_RUNTIME, else $XDG_RUNTIME_DIR/kmodtest for an
/// ordinary user whose path is short, else /tmp/kmodtest-UID. Made when missing. Throws base::Error when it belongs to
/// somebody else or others may write to it.
std::filesystem::path runs_folder();

/// As above, for a folder that the caller names.
void make_private_folder(const std::filesystem::path &folder);

/// etc/qemu.conf of an embedded driver's root. Source: libvirt's comments in its own qemu.conf.
std::string qemu_conf(const std::optional<QemuUser> &user);

/// Ends what dead controllers left below `runs`: their QEMUs (by pid, after a look at the command line) and their
/// folders. Returns how many roots were removed. Roots whose controller lives are left alone.
int sweep_stale_roots(const std::filesystem::path &runs);

/// This process's private root: libvirt's embedded driver lives there, and every guest has a folder in it. The driver
/// cannot change its root while the process lives, so there is one, and hypervisors share it.
class RunRoot {
 public:
  /// Sweeps the stale roots first. Throws base::Error.
  static std::shared_ptr<RunRoot> open();
  /// Removes the folder with all that is in it.
  ~RunRoot();
  RunRoot(const RunRoot &) = delete;
  RunRoot &operator=(const RunRoot &) = delete;

  const std::filesystem::path &path() const { return path_; }
  const std::optional<QemuUser> &qemu_user() const { return user_; }

  /// A new folder for one guest, with a short name, writable by QEMU.
  std::filesystem::path make_guest_folder();

  /// A new file of so many zero bytes in a guest's folder, for QEMU to read and write. Throws base::Error.
  void make_file_for_qemu(const std::filesystem::path &file, std::uintmax_t bytes);
  /// An empty image (vm::make_state_image) as a new file in a guest's folder, for QEMU to read and write. Throws
  /// base::Error.
  void make_state_image(const std::filesystem::path &file);
  /// Lets QEMU read and write a file of ours in a guest's folder. Throws base::Error.
  void give_to_qemu(const std::filesystem::path &file);

  /// The file itself when QEMU's user can read it where it lies; else, below this root, a hard link where only the way
  /// to it is closed, or a copy (made once per content).
  std::filesystem::path readable_by_qemu(const std::filesystem::path &file);

  /// A name for the open file of ours by which QEMU's user can read it as long as the descriptor is open: its entry in
  /// /proc, or `link` (in a guest's folder), a hard link to it. The file may then be read by all who reach a name of
  /// it. Nothing where there is no such name: the file lies on another file system than this root.
  std::optional<std::filesystem::path> lend_to_qemu(int descriptor, const std::filesystem::path &link) const;

  /// The emulator itself when QEMU's user can start it where it lies, else a copy at a path that does not change.
  std::filesystem::path startable_by_qemu(const std::filesystem::path &emulator);

 private:
  RunRoot(std::filesystem::path path, std::optional<QemuUser> user, int lock);

  std::filesystem::path path_;
  std::optional<QemuUser> user_;
  int lock_;
  std::mutex mutex_;
  int guests_ = 0;
};

}  // namespace kmodtest::vm
