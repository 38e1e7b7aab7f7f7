// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kmodtest::vm {

/// The user that QEMU runs as if we are root.
struct QemuUser {
  std::string name;
  std::string group = {};
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Returns libvirt's own user if it exists, else nobody. Returns nothing if we are not root: then QEMU runs as the same
/// user as we do. KMODTEST_QEMU_USER=root keeps root.
std::optional<QemuUser> unprivileged_user();

/// Returns the folder that holds all controllers' roots of this user: $KMODTEST_RUNTIME, else $XDG_RUNTIME_DIR/kmodtest
/// for an ordinary user whose path is short, else /tmp/kmodtest-UID. Creates it if it is missing. Throws base::Error if
/// it belongs to another user or others can write to it.
std::filesystem::path runs_folder();

/// Creates a folder like runs_folder(), at a path that the caller gives.
void make_private_folder(const std::filesystem::path &folder);

/// Returns etc/qemu.conf of an embedded driver's root. Source: libvirt's comments in its own qemu.conf.
std::string qemu_conf(const std::optional<QemuUser> &user);

/// Removes what dead controllers left below `runs`: their QEMUs (by pid, after checking the command line) and their
/// folders. Returns how many roots were removed. Keeps roots whose controller is alive.
int sweep_stale_roots(const std::filesystem::path &runs);

/// This process's private root: the place of libvirt's embedded driver and of all guests' folders. The driver cannot
/// change its root while the process lives, so there is one, and hypervisors share it.
class RunRoot {
 public:
  /// Returns the root. Removes stale roots first. Throws base::Error.
  static std::shared_ptr<RunRoot> open();
  /// Removes the folder with everything in it.
  ~RunRoot();
  RunRoot(const RunRoot &) = delete;
  RunRoot &operator=(const RunRoot &) = delete;

  const std::filesystem::path &path() const { return path_; }
  const std::optional<QemuUser> &qemu_user() const { return user_; }

  /// Creates a folder for one guest, with a short name, writable by QEMU.
  std::filesystem::path make_guest_folder();

  /// Creates a file of `bytes` zero bytes in a guest's folder, for QEMU to read and write. Throws base::Error.
  void make_file_for_qemu(const std::filesystem::path &file, std::uintmax_t bytes);
  /// Creates an empty image (vm::make_state_image) as a new file in a guest's folder, for QEMU to read and write.
  /// Throws base::Error.
  void make_state_image(const std::filesystem::path &file);
  /// Makes what make_state_image() copies, so that the first call takes less time. Throws base::Error.
  void prepare_state_image();
  /// Creates the image of an empty disk (vm::make_disk_image); else as make_state_image().
  void make_disk_image(const std::filesystem::path &file, std::uint64_t bytes);
  /// Allows QEMU to read and write a file of ours in a guest's folder. Throws base::Error.
  void give_to_qemu(const std::filesystem::path &file);

  /// Returns a path by which QEMU's user can read the file: the file itself if possible. Otherwise, it is below this
  /// root: a hard link if only the path to the file is closed, else a copy (made once per content).
  std::filesystem::path readable_by_qemu(const std::filesystem::path &file);

  /// Returns a path by which QEMU's user can read our open file while the descriptor is open: its entry in /proc, or
  /// `link` (in a guest's folder), a hard link to it. From then on, everyone who can reach one of the file's names can
  /// read it. Returns nothing if there is no such path: the file is on another file system than this root.
  std::optional<std::filesystem::path> lend_to_qemu(int descriptor, const std::filesystem::path &link) const;

  /// Returns the emulator itself if QEMU's user can start it, else a copy at a path that does not change.
  std::filesystem::path startable_by_qemu(const std::filesystem::path &emulator);

 private:
  /// Returns the path of an image that is made once.
  std::filesystem::path empty_image(const std::string &name,
                                    const std::function<void(const std::filesystem::path &)> &make);
  void copy_image(const std::string &name, const std::filesystem::path &to,
                  const std::function<void(const std::filesystem::path &)> &make);
  RunRoot(std::filesystem::path path, std::optional<QemuUser> user, int lock);

  std::filesystem::path path_;
  std::optional<QemuUser> user_;
  int lock_;
  std::mutex mutex_;
  int guests_ = 0;
};

}  // namespace kmodtest::vm
