// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "kernel/faults/functions/tables.hpp"

namespace kmodtest::kernel {
namespace {

constexpr FaultFunction kFilesFunctions[] = {
    // proc, sysfs, debugfs, seq_file, user space, file systems.
    {"proc_create", "proc_create", Failure::null, ENOMEM},
    {"proc_create_data", "proc_create", Failure::null, ENOMEM},
    {"proc_create_seq_private", "proc_create", Failure::null, ENOMEM},
    {"proc_create_single_data", "proc_create", Failure::null, ENOMEM},
    {"proc_create_net_data", "proc_create", Failure::null, ENOMEM},
    {"proc_create_net_single", "proc_create", Failure::null, ENOMEM},
    {"proc_mkdir", "proc_mkdir", Failure::null, ENOMEM},
    {"proc_mkdir_data", "proc_mkdir", Failure::null, ENOMEM},
    {"proc_mkdir_mode", "proc_mkdir", Failure::null, ENOMEM},
    {"_proc_mkdir", "proc_mkdir", Failure::null, ENOMEM},
    {"proc_symlink", "proc_symlink", Failure::null, ENOMEM},
    {"register_sysctl", "register_sysctl", Failure::null, ENOMEM},
    {"register_sysctl_sz", "register_sysctl", Failure::null, ENOMEM},
    {"register_net_sysctl", "register_sysctl", Failure::null, ENOMEM},
    {"register_net_sysctl_sz", "register_sysctl", Failure::null, ENOMEM},
    {"register_sysctl_table", "register_sysctl", Failure::null, ENOMEM},
    {"sysfs_create_file_ns", "sysfs_create_file", Failure::error, ENOMEM},
    {"sysfs_create_files", "sysfs_create_file", Failure::error, ENOMEM},
    {"sysfs_create_group", "sysfs_create_group", Failure::error, ENOMEM},
    {"sysfs_create_groups", "sysfs_create_groups", Failure::error, ENOMEM},
    {"sysfs_create_bin_file", "sysfs_create_bin_file", Failure::error, ENOMEM},
    {"sysfs_create_link", "sysfs_create_link", Failure::error, ENOMEM},
    {"kobject_create_and_add", "kobject_create_and_add", Failure::null, ENOMEM},
    {"kobject_add", "kobject_add", Failure::error, ENOMEM},
    {"kset_create_and_add", "kset_create_and_add", Failure::null, ENOMEM},
    {"debugfs_create_dir", "debugfs_create_dir", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_file", "debugfs_create_file", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_file_unsafe", "debugfs_create_file", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_file_full", "debugfs_create_file", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_symlink", "debugfs_create_symlink", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_blob", "debugfs_create_blob", Failure::pointer, ENOMEM, -1, true},
    {"debugfs_create_bool", "debugfs_create_bool", Failure::pointer, ENOMEM, -1, true},
    {"seq_open", "seq_open", Failure::error, ENOMEM},
    {"single_open", "single_open", Failure::error, ENOMEM},
    {"single_open_size", "single_open_size", Failure::error, ENOMEM},
    {"__seq_open_private", "seq_open_private", Failure::null, ENOMEM},
    {"seq_open_private", "seq_open_private", Failure::error, ENOMEM},
    {"simple_attr_open", "simple_attr_open", Failure::error, ENOMEM},
    {"_copy_from_user", "copy_from_user", Failure::uncopied, EFAULT, 2},
    {"_copy_to_user", "copy_to_user", Failure::uncopied, EFAULT, 2},
    {"memdup_user", "memdup_user", Failure::pointer, ENOMEM},
    {"memdup_user_nul", "memdup_user_nul", Failure::pointer, ENOMEM},
    {"strndup_user", "strndup_user", Failure::pointer, ENOMEM},
    {"vmemdup_user", "vmemdup_user", Failure::pointer, ENOMEM},
    {"register_filesystem", "register_filesystem", Failure::error, ENOMEM},
    {"kern_mount", "kern_mount", Failure::pointer, ENOMEM},
    {"device_add_groups", "device_add_groups", Failure::error, ENOMEM},
    {"devm_device_add_group", "devm_device_add_group", Failure::error, ENOMEM},
    {"devm_device_add_groups", "devm_device_add_groups", Failure::error, ENOMEM},
    {"anon_inode_getfd", "anon_inode_getfd", Failure::error, ENOMEM},
    {"anon_inode_getfile", "anon_inode_getfile", Failure::pointer, ENOMEM},
    {"get_unused_fd_flags", "get_unused_fd_flags", Failure::error, EMFILE},
    {"eventfd_ctx_fdget", "eventfd_ctx_fdget", Failure::pointer, EBADF},
    {"eventfd_fget", "eventfd_fget", Failure::pointer, EBADF},
    {"mount_nodev", "mount_nodev", Failure::pointer, ENOMEM},
    {"mount_bdev", "mount_bdev", Failure::pointer, ENOMEM},
    {"get_tree_nodev", "get_tree_nodev", Failure::error, ENOMEM},
    {"get_tree_bdev", "get_tree_bdev", Failure::error, ENOMEM},
    {"get_tree_single", "get_tree_single", Failure::error, ENOMEM},
    {"simple_fill_super", "simple_fill_super", Failure::error, ENOMEM},
    {"new_inode", "new_inode", Failure::null, ENOMEM},
    {"iget_locked", "iget_locked", Failure::null, ENOMEM},
    {"iget5_locked", "iget5_locked", Failure::null, ENOMEM},
    {"d_alloc_name", "d_alloc_name", Failure::null, ENOMEM},
    {"sb_set_blocksize", "sb_set_blocksize", Failure::null, EINVAL},
    {"sb_min_blocksize", "sb_min_blocksize", Failure::null, EINVAL},
    {"__bread_gfp", "sb_bread", Failure::null, EIO},
    {"simple_transaction_get", "simple_transaction_get", Failure::pointer, ENOMEM},
    {"configfs_register_subsystem", "configfs_register_subsystem", Failure::error, ENOMEM},
};

}  // namespace

std::span<const FaultFunction> files_functions() {
  return kFilesFunctions;
}

}  // namespace kmodtest::kernel
