// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_cache.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "run/guests/provisions.hpp"
#include "shards/pack.hpp"
#include "shards/pack_list.hpp"
#include "text/escape.hpp"
#include "text/size.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char *kPackFile = "cache.tar.zst";

/// Returns a word in which a shell replaces variables, and nothing else.
std::string word_with_variables(const std::string &text) {
  std::string word = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\' || letter == '`') word += '\\';
    word += letter;
  }
  return word + "\"";
}

}  // namespace

void NodeCache::check() const {
  if (folder.empty() || folder.front() == '/' || folder.front() == '$') return;
  throw base::UsageError(base::Code::bad_option_value,
                         fmt::format("--node-cache takes an absolute path on each machine, not '{}'", folder),
                         "such as /tmp/kmodtest or '$TMPDIR/kmodtest'");
}

void NodeCache::pack(const RunCommand &command, const Cases &cases, const fs::path &shared,
                     base::NoticeSink &notices) const {
  const run::Provisions provisions = run::provide(command.options, cases, notices);
  for (const std::string &problem : provisions.problems) notices.say("not packed for the machines: " + problem);
  auto list = shards::list_entries(provisions, kVersion);
  shards::write_pack(list, shared / kPackFile);
  notices.say(fmt::format("packed {} for the machines, {} on the disk of each",
                          text::human_size(fs::file_size(shared / kPackFile)), text::human_size(list.disk_bytes())));
}

std::string NodeCache::enter(const fs::path &program, const fs::path &shared) const {
  return fmt::format("export KMODTEST_CACHE={} && {} unpack {}", word_with_variables(folder),
                     text::shell_word(program.string()), text::shell_word((shared / kPackFile).string()));
}

}  // namespace kmodtest::cli
