// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "plan/diagnostics.hpp"
#include "plan/values.hpp"
#include "text/replace.hpp"

namespace kmodtest::plan {
namespace {

/// errno(3) names; guest and controller are both x86-64 Linux, so the numbers agree.
constexpr std::pair<const char *, int> kNames[] = {{"EPERM", EPERM},
                                                   {"ENOENT", ENOENT},
                                                   {"ESRCH", ESRCH},
                                                   {"EINTR", EINTR},
                                                   {"EIO", EIO},
                                                   {"ENXIO", ENXIO},
                                                   {"E2BIG", E2BIG},
                                                   {"ENOEXEC", ENOEXEC},
                                                   {"EBADF", EBADF},
                                                   {"ECHILD", ECHILD},
                                                   {"EAGAIN", EAGAIN},
                                                   {"ENOMEM", ENOMEM},
                                                   {"EACCES", EACCES},
                                                   {"EFAULT", EFAULT},
                                                   {"ENOTBLK", ENOTBLK},
                                                   {"EBUSY", EBUSY},
                                                   {"EEXIST", EEXIST},
                                                   {"EXDEV", EXDEV},
                                                   {"ENODEV", ENODEV},
                                                   {"ENOTDIR", ENOTDIR},
                                                   {"EISDIR", EISDIR},
                                                   {"EINVAL", EINVAL},
                                                   {"ENFILE", ENFILE},
                                                   {"EMFILE", EMFILE},
                                                   {"ENOTTY", ENOTTY},
                                                   {"ETXTBSY", ETXTBSY},
                                                   {"EFBIG", EFBIG},
                                                   {"ENOSPC", ENOSPC},
                                                   {"ESPIPE", ESPIPE},
                                                   {"EROFS", EROFS},
                                                   {"EMLINK", EMLINK},
                                                   {"EPIPE", EPIPE},
                                                   {"EDOM", EDOM},
                                                   {"ERANGE", ERANGE},
                                                   {"EDEADLK", EDEADLK},
                                                   {"ENAMETOOLONG", ENAMETOOLONG},
                                                   {"ENOLCK", ENOLCK},
                                                   {"ENOSYS", ENOSYS},
                                                   {"ENOTEMPTY", ENOTEMPTY},
                                                   {"ELOOP", ELOOP},
                                                   {"ENOMSG", ENOMSG},
                                                   {"ENODATA", ENODATA},
                                                   {"ETIME", ETIME},
                                                   {"ENOLINK", ENOLINK},
                                                   {"EPROTO", EPROTO},
                                                   {"EBADMSG", EBADMSG},
                                                   {"EOVERFLOW", EOVERFLOW},
                                                   {"EILSEQ", EILSEQ},
                                                   {"EUSERS", EUSERS},
                                                   {"ENOTSOCK", ENOTSOCK},
                                                   {"EDESTADDRREQ", EDESTADDRREQ},
                                                   {"EMSGSIZE", EMSGSIZE},
                                                   {"EPROTOTYPE", EPROTOTYPE},
                                                   {"ENOPROTOOPT", ENOPROTOOPT},
                                                   {"EPROTONOSUPPORT", EPROTONOSUPPORT},
                                                   {"EOPNOTSUPP", EOPNOTSUPP},
                                                   {"EAFNOSUPPORT", EAFNOSUPPORT},
                                                   {"EADDRINUSE", EADDRINUSE},
                                                   {"EADDRNOTAVAIL", EADDRNOTAVAIL},
                                                   {"ENETDOWN", ENETDOWN},
                                                   {"ENETUNREACH", ENETUNREACH},
                                                   {"ECONNABORTED", ECONNABORTED},
                                                   {"ECONNRESET", ECONNRESET},
                                                   {"ENOBUFS", ENOBUFS},
                                                   {"EISCONN", EISCONN},
                                                   {"ENOTCONN", ENOTCONN},
                                                   {"ESHUTDOWN", ESHUTDOWN},
                                                   {"ETIMEDOUT", ETIMEDOUT},
                                                   {"ECONNREFUSED", ECONNREFUSED},
                                                   {"EHOSTDOWN", EHOSTDOWN},
                                                   {"EHOSTUNREACH", EHOSTUNREACH},
                                                   {"EALREADY", EALREADY},
                                                   {"EINPROGRESS", EINPROGRESS},
                                                   {"ESTALE", ESTALE},
                                                   {"EDQUOT", EDQUOT},
                                                   {"ENOMEDIUM", ENOMEDIUM},
                                                   {"EMEDIUMTYPE", EMEDIUMTYPE},
                                                   {"ECANCELED", ECANCELED},
                                                   {"ENOKEY", ENOKEY},
                                                   {"EKEYEXPIRED", EKEYEXPIRED},
                                                   {"EKEYREVOKED", EKEYREVOKED},
                                                   {"EKEYREJECTED", EKEYREJECTED},
                                                   {"EOWNERDEAD", EOWNERDEAD},
                                                   {"ENOTRECOVERABLE", ENOTRECOVERABLE},
                                                   {"ERFKILL", ERFKILL},
                                                   {"EHWPOISON", EHWPOISON}};

}  // namespace

std::vector<std::string> errno_names() {
  std::vector<std::string> names;
  for (const auto &[name, number] : kNames) names.emplace_back(name);
  return names;
}

Value<std::int32_t> parse_errno(std::string_view text) {
  using V = Value<std::int32_t>;
  const std::string_view word = text::trimmed(text);
  if (word == "any") return V::of(-1);
  for (const auto &[name, number] : kNames)
    if (word == name) return V::of(number);
  if (!word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    for (const auto &[name, number] : kNames)
      if (word == std::to_string(number))
        return V::bad(Code::bad_errno, fmt::format("an errno is written by name (write {}, not {})", name, word));
  }
  if (const auto close = did_you_mean(std::string(word), errno_names()))
    return V::bad(Code::bad_errno, fmt::format("{} is no errno name (did you mean '{}'?)", quote(text), *close));
  return V::bad(Code::bad_errno, fmt::format("{} is no errno name (write one like EINVAL, or any)", quote(text)));
}

}  // namespace kmodtest::plan
