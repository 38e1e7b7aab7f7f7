// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &machine_errors() {
  static const ErrorArea area{
      "This machine's files and programs",
      {
          {Code::cannot_write, "a file cannot be written",
           "A file or folder that was to be made could not be made or written.",
           "Somebody else owns the folder, it does not exist, or the file system is read-only.",
           "Name a place that you may write: behind `--out`, `--junit`, `--html` or `--json`, or with "
           "`KMODTEST_CACHE` for what is kept between runs.",
           "kmodtest: error[K0301]: cannot write '/root/junit.xml': Permission denied\n"
           "  hint: name a file that you may write"},
          {Code::disk_full, "the disk is full",
           "There is no room left on the file system of the file that is named, or the quota is used up.",
           "Snapshots, kernels and dumps of memory take room; so do copies of a guest's state while it runs.",
           "See what the cache holds and remove what was not used for longest, or move the cache to "
           "another disk:\n"
           "    kmodtest cache list\n"
           "    kmodtest cache prune --limit 1G\n"
           "    export KMODTEST_CACHE=/path/on/another/disk",
           "kmodtest: error[K0302]: the disk of /home/me/.cache/kmodtest is full: the kernel needs 520 "
           "MB, 80 MB are free\n"
           "  hint: free some space, or set KMODTEST_CACHE to a folder on another disk"},
          {Code::cannot_read, "a file cannot be read", "A file or folder is there but could not be opened or read.",
           "Missing rights, a folder where a file is meant, or a disk that fails.",
           "Give yourself the right to read it, or name another file. A file of the cache may simply "
           "be removed: it is made again.",
           "kmodtest: error[K0303]: cannot read /boot/vmlinuz-6.1.0-32-amd64: Permission denied"},
          {Code::cannot_remove, "a file cannot be removed",
           "Something in the cache was to be removed and could not be.",
           "It belongs to another user: kmodtest ran as root with this cache, or the other way round.",
           "Give the cache back to its user, or remove it as the user who made it:\n"
           "    sudo chown -R \"$USER\" ~/.cache/kmodtest",
           "kmodtest: error[K0304]: cannot remove /home/me/.cache/kmodtest/snapshots/4f2a…: Permission denied"},
          {Code::no_cache_folder, "there is no place for the cache",
           "Kernels, built modules and snapshots are kept in `~/.cache/kmodtest`, and `HOME` is not set.",
           "A service, a container or a CI job without a home folder.",
           "Name a folder:\n"
           "    export KMODTEST_CACHE=/var/tmp/kmodtest",
           "kmodtest: error[K0305]: there is no folder for the cache: HOME is not set\n"
           "  hint: set KMODTEST_CACHE to a folder that you can write to"},
          {Code::cache_not_writable, "the cache cannot be written",
           "The folder of the cache is there, but nothing can be written to it.",
           "It was made by another user, such as root, or lies on a file system that is read-only.",
           "Take the folder over, or name another one:\n"
           "    sudo chown -R \"$USER\" ~/.cache/kmodtest\n"
           "    export KMODTEST_CACHE=/var/tmp/kmodtest",
           "kmodtest: error[K0306]: cannot write to the cache folder /home/me/.cache/kmodtest: "
           "Permission denied\n"
           "  hint: set KMODTEST_CACHE to a folder that you can write to"},
          {Code::missing_part, "a part of kmodtest is missing",
           "kmodtest is several files: beside the program a wrapper for QEMU, the agent for the guest "
           "and the catalogue of kernels. One of them is nowhere.",
           "Only the program was copied, or the installation or the build did not come to its end.",
           "Build or install all of it; it may then be moved as a whole:\n"
           "    cmake --build build && cmake --install build --prefix ~/.local",
           "kmodtest: error[K0307]: cannot find kmodtest-agent (searched in /usr/local/share/kmodtest)\n"
           "  hint: set KMODTEST_DATA to the folder that has it, or install kmodtest again"},
          {Code::foreign_folder, "a folder that is not kmodtest's",
           "The folder behind `--out` would be emptied before the run, and it holds files that no run "
           "made. They are left alone.",
           "The wrong folder, or something was put into one of an earlier run.", "Name a new or an empty folder.",
           "kmodtest: error[K0308]: '/home/me/src' holds files that no run of kmodtest made\n"
           "  hint: name a new or an empty folder with --out"},
          {Code::out_of_memory, "kmodtest has no memory",
           "The program itself, not a guest, got no memory from the system.",
           "Guests take theirs in full, and so many at once were too much; or a limit (`ulimit -v`, a "
           "container's) is low.",
           "Run fewer guests at once (`-j 1`), or give them less memory in the plan.",
           "kmodtest: error[K0309]: no memory for the symbols of /home/me/hello/hello.ko"},
          {Code::no_program, "a program is missing", "A program of this machine that is needed is not in `PATH`.",
           "The package that has it is not installed.",
           "Install it. All that kmodtest needs on a Debian machine is installed by:\n"
           "    sudo tools/install-dependencies.sh",
           "kmodtest: error[K0310]: there is no program 'depmod' on this machine\n"
           "  hint: install it, or add its folder to PATH"},
          {Code::cannot_start_program, "a program cannot be started",
           "The system refused a new process, a pipe, or a file that is to be executed.",
           "A limit of processes or of open files (`ulimit -u`, `ulimit -n`), or a file that may not "
           "be executed.",
           "Raise the limit, or run fewer guests at once (`-j 1`).",
           "kmodtest: error[K0311]: cannot start 'make': Resource temporarily unavailable"},
          {Code::bad_runtime_folder, "the folder of running guests cannot be used",
           "While guests run, their sockets, images and shared memory are in a folder of the "
           "controller, and that cannot be made or used.",
           "It belongs to somebody else, others may write to it, its path is too long, or its disk is full.",
           "Name a short path to a folder of your own:\n"
           "    export KMODTEST_RUNTIME=/tmp/my-kmodtest",
           "kmodtest: error[K0312]: /tmp/kmodtest-1000 is not a private folder of ours\n"
           "  hint: remove it, or set KMODTEST_RUNTIME to a folder of your own"},
          {Code::other_system, "kmodtest cannot be set up on this system by itself",
           "The scripts that set kmodtest up install packages of Debian 12, and this system is another one.",
           "A CI job on the runner's own system instead of in a container, or another distribution.",
           "Run the job in a container of Debian 12; elsewhere, install by hand what this prints, and build:\n"
           "    tools/install-dependencies.sh --list",
           "kmodtest: error[K0313]: this is Ubuntu 24.04.1 LTS, and kmodtest is set up on Debian 12 only"},
          {Code::is_there_already, "something of this name is there already",
           "A folder was to be made, and there is a file or folder of its name. Nothing is overwritten.",
           "The command ran before, or the name is taken.", "Choose another name, or another folder with `--in`.",
           "kmodtest: error[K0314]: hello is there already, and nothing is overwritten\n"
           "  hint: choose another name, or another folder with --in"},
          {Code::cannot_watch, "changes of files cannot be watched",
           "`kmodtest watch` asks the kernel (inotify) to be told of changes, and it refused.",
           "The limits of watches are used up, mostly by editors and by tools that watch large trees, "
           "or a folder may not be read.",
           "End some of them, or raise the limit:\n"
           "    sudo sysctl fs.inotify.max_user_watches=524288\n"
           "    sudo sysctl fs.inotify.max_user_instances=512",
           "kmodtest: error[K0315]: cannot watch /home/me/hello: No space left on device\n"
           "  hint: the kernel allows no more watches: raise fs.inotify.max_user_watches (sysctl)"},
      }};
  return area;
}

}  // namespace kmodtest::base
