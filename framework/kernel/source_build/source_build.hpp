// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/notice_sink.hpp"
#include "kernel/catalogue/apt.hpp"
#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// Builds one kernel of the catalogue from its distribution's source.
///
/// `folder` keeps the source and the objects until the kernel is in the cache: after an interruption, another object of
/// this class goes on from there. One process at a time. All functions throw base::Error, or base::Interrupted.
class SourceBuild {
 public:
  /// `config` is the text of the entry's configuration.
  SourceBuild(const CatalogueEntry &entry, std::string config, std::filesystem::path folder, base::NoticeSink &notices);

  /// Fetches the source, unless the folder has it, configures and compiles it. Says first how long that takes.
  void run();
  /// Puts image, modules, configuration and headers below `tree`, as packages of a distribution would have them.
  void install(const std::filesystem::path &tree);
  /// Returns the package that the source is from.
  const Package &source_package() const { return package_; }

 private:
  void get_source();
  void fetch_source();
  void configure();
  void compile();
  base::ProcessResult make(std::vector<std::string> words, std::function<void(std::string_view)> hear = {}) const;
  [[noreturn]] void fail(const std::string &output) const;

  const CatalogueEntry &entry_;
  std::string config_;
  std::filesystem::path folder_;
  std::filesystem::path source_;
  std::filesystem::path objects_;
  base::NoticeSink &notices_;
  Package package_;
};

/// Returns the text of an entry's files of configuration, one after the other. Throws base::Error if one is missing.
std::string config_of(const CatalogueEntry &entry);

/// Returns what identifies a kernel of this entry and configuration in the cache.
std::string origin_of_build(const CatalogueEntry &entry, const std::string &config);

/// Returns the first line of `gcc --version`, which is CONFIG_CC_VERSION_TEXT of a kernel that it builds; empty if
/// there is no gcc.
std::string compiler_version();

}  // namespace kmodtest::kernel
