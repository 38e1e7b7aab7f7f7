// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace kmodtest::base {

/// Identifies an error for users: `K0601` names the same mistake in every version, in logs, in scripts and on the web.
/// So a number is never given to another error; one that is no longer printed stays reserved. The hundreds are the
/// area. errors/KNNNN.md says what each one means and how to fix it (`kmodtest explain`, docs/errors.md).
enum class Code : std::uint16_t {
  none = 0,  ///< not an error of kmodtest: a module under test misbehaves

  // 01: the command line and the environment
  unknown_option = 101,
  bad_option_value = 102,
  missing_argument = 103,
  options_exclude = 104,
  no_such_input = 105,
  not_an_input = 106,
  no_such_case = 107,
  no_case_selected = 108,
  one_case_only = 109,
  bad_environment = 110,
  no_kept_guest = 111,
  not_a_case_folder = 112,
  unknown_code = 113,
  no_terminal = 114,
  interrupted = 115,

  // 02: plans
  plan_unreadable = 201,
  not_yaml = 202,
  not_a_plan = 203,
  plan_too_large = 204,
  duplicate_key = 205,
  unknown_key = 206,
  missing_key = 207,
  wrong_type = 208,
  out_of_range = 209,
  unknown_word = 210,
  bad_number = 211,
  bad_duration = 212,
  bad_size = 213,
  bad_range = 214,
  bad_interval = 215,
  bad_pattern = 216,
  bad_cpu_list = 217,
  bad_errno = 218,
  bad_text = 219,
  empty_value = 220,
  keys_exclude = 221,
  key_needs_another = 222,
  checks_nothing = 223,
  unknown_step = 224,
  bad_step = 225,
  unknown_variable = 226,
  bad_variable = 227,
  bad_matrix = 228,
  unused_variable = 229,
  unknown_module = 230,
  bad_name = 231,
  outside_of_folder = 232,
  module_named_twice = 233,
  module_loaded_already = 234,
  module_not_loaded = 235,
  no_such_cpu = 236,
  cpu_stays_on = 237,
  bad_topology = 238,
  bad_numa = 239,
  unknown_need = 240,
  clock_needs_channel = 241,
  bad_schedule = 242,
  schedule_place_gone = 243,
  no_such_file = 244,

  // 03: this machine's files and programs
  cannot_write = 301,
  disk_full = 302,
  cannot_read = 303,
  cannot_remove = 304,
  no_cache_folder = 305,
  cache_not_writable = 306,
  missing_part = 307,
  foreign_folder = 308,
  out_of_memory = 309,
  no_program = 310,
  cannot_start_program = 311,
  bad_runtime_folder = 312,
  other_system = 313,
  is_there_already = 314,
  cannot_watch = 315,
  no_library = 316,
  bad_package_for_ci = 317,

  // 04: kernels
  unknown_kernel = 401,
  not_a_kernel = 402,
  bad_catalogue = 403,
  no_host_kernel = 404,
  no_modules_folder = 405,
  no_mirror = 406,
  suite_not_served = 407,
  no_such_package = 408,
  download_failed = 409,
  bad_package = 410,
  no_kernel_module = 411,
  bad_boot_file = 412,
  no_busybox = 413,
  cannot_decompress = 414,
  kernel_not_built = 415,
  no_build_packages = 416,
  kernel_build_failed = 417,

  // 05: modules
  no_such_module = 501,
  not_a_module = 502,
  builds_no_module = 503,
  builds_other_modules = 504,
  build_failed = 505,
  no_headers = 506,
  no_compiler = 507,
  bad_build_path = 508,
  other_module_name = 509,
  same_module_name = 510,
  built_for_other_kernel = 511,
  missing_symbol = 512,
  symbol_of_unloaded_module = 513,
  symbol_version = 514,
  gpl_only_symbol = 515,
  namespace_not_imported = 516,
  unknown_parameter = 517,
  no_symbols = 518,
  build_needs_scripts = 519,
  header_number = 520,

  // 06: QEMU and libvirt
  no_qemu = 601,
  qemu_broken = 602,
  libvirt_failed = 603,
  no_libvirt_driver = 604,
  bad_uri = 605,
  kvm_not_allowed = 606,
  no_memory_for_guest = 607,
  qemu_refused = 608,
  guest_memory_unread = 609,
  no_schedules = 610,
  no_coverage = 611,
  too_little_coverage = 612,
  no_races = 613,

  // 07: snapshots
  snapshot_not_kept = 701,
  snapshot_unreadable = 702,
  snapshot_not_restored = 703,

  // 08: the guest and its agent
  guest_not_ready = 801,
  guest_silent = 802,
  guest_gone = 803,
  channel_broken = 804,
  other_protocol = 805,
  shared_memory_full = 806,
  program_too_large = 807,
  file_not_taken = 808,
  guest_refused = 809,
  guest_stopped = 810,
  agent_failed = 811,
  message_missing = 812,
  trace_unusable = 813,
  addresses_hidden = 814,
  log_overwritten = 815,
  one_guest_only = 816,

  // 09: debuggers, and kmodtest itself
  no_gdb = 901,
  debugger_channel = 902,
  debugger_refused = 903,
  defect = 999,

  // 10: several machines, and results of shards
  not_results = 1001,
  damaged_results = 1002,
  other_program = 1003,
  other_plans = 1004,
  other_split = 1005,
  results_twice = 1006,
  shard_missing = 1007,
  shard_lost = 1008,
  engine_refused = 1009,
  not_a_pack = 1010,
  damaged_pack = 1011,
  other_pack = 1012,
  host_unreachable = 1013,
  host_refused_login = 1014,
  host_lacks_parts = 1015,
  host_other_machine = 1016,
  host_lost = 1017,
};

/// Returns "K0601"; empty for Code::none.
inline std::string name_of(Code code) {
  if (code == Code::none) return {};
  const std::string number = std::to_string(static_cast<unsigned>(code));
  return "K" + std::string(4 - number.size(), '0') + number;
}

}  // namespace kmodtest::base
