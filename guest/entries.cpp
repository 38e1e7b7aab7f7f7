// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"
#include "folder.hpp"

namespace kmodtest::guest {
namespace {

/// A folder to list, and how many levels below it.
struct Root {
  const char *path;
  int depth;                  ///< 1: only its direct content
  bool folders_only = false;  ///< leave out attribute files
  const char *except = "";    ///< names that are neither entered nor listed, each ended by a space
};

// /sys/kernel/slab has each cache by its own name, since none are merged (slab_nomerge). /sys/devices/pci* and cpu
// belong to the machine. /sys/module/X is the module's folder; its content disappears with it.
constexpr Root kRoots[] = {
    {"/proc", 8, false, "self thread-self net "},
    {"/proc/self/net", 2},
    {"/dev", 3, false, "pts "},
    {"/sys", 1},
    {"/sys/module", 1},
    {"/sys/kernel", 3, false, "slab tracing debug btf irq notes "},
    {"/sys/kernel/slab", 1},
    {"/sys/kernel/debug", 3, false, "slab tracing sched dynamic_debug "},
    {"/sys/fs", 2, false, "cgroup bpf "},
    {"/sys/class", 2},
    {"/sys/block", 1},
    {"/sys/bus", 3},
    {"/sys/dev", 2},
    {"/sys/devices", 1},
    {"/sys/devices/virtual", 2},
    {"/sys/devices/platform", 2, true},
    {"/sys/devices/system", 1},
};

bool is_number(const char *name) {
  return std::all_of(name, name + std::strlen(name), [](char c) { return c >= '0' && c <= '9'; });
}

/// Returns whether a name is in a list of names which each end in a space.
bool is_listed(const char *names, const char *name) {
  for (const char *at = names; *at != '\0';) {
    const char *wanted = name;
    while (*at != ' ' && *at == *wanted) {
      ++at;
      ++wanted;
    }
    if (*at == ' ' && *wanted == '\0') return true;
    while (*at++ != ' ') {
    }
  }
  return false;
}

class Walk {
 public:
  explicit Walk(std::string &entries) : entries_(entries) {}

  void run(const Root &root) {
    root_ = &root;
    path_ = root.path;
    top_is_proc_ = path_ == "/proc";
    list(AT_FDCWD, root.path, root.depth);
  }

 private:
  void list(int parent, const char *name, int depth) {
    const base::Descriptor folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return;
    const bool processes = top_is_proc_ && depth == root_->depth;
    std::vector<std::string> below;
    entries_.append(path_).push_back('\0');
    for_each_entry(folder.get(), [&](const FolderEntry &entry, const char *child) {
      if ((processes && is_number(child)) || is_listed(root_->except, child)) return;
      if (entry.type == DT_DIR && depth > 1) below.emplace_back(child);
      if (root_->folders_only && entry.type != DT_DIR) return;
      entries_.append(child, std::strlen(child) + 1);
    });
    entries_.push_back('\0');
    for (const std::string &child : below) {
      const std::size_t size = path_.size();
      path_.append("/").append(child);
      list(folder.get(), child.c_str(), depth - 1);
      path_.resize(size);
    }
  }

  std::string &entries_;
  const Root *root_ = nullptr;
  std::string path_;
  bool top_is_proc_ = false;
};

}  // namespace

std::string list_entries() {
  std::string entries;
  constexpr std::size_t kUsualSize = 256u << 10;
  entries.reserve(kUsualSize);
  Walk walk(entries);
  for (const Root &root : kRoots) walk.run(root);
  return entries;
}

}  // namespace kmodtest::guest
