// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &command_line_errors() {
  static const ErrorArea area{
      "The command line and the environment",
      {
          {Code::unknown_option, "an unknown command or option",
           "The command line has a word that starts with a dash, or a command, that kmodtest does not have.",
           "A slip of the pen, an option of another command (`kmodtest list` has fewer than `kmodtest "
           "run`), or an option of a later version.",
           "Take the word that the message suggests; `kmodtest COMMAND --help` lists all options of a command.",
           "kmodtest: error[K0101]: there is no option '--repaet' of 'kmodtest run'\n"
           "  hint: did you mean '--repeat'?"},
          {Code::bad_option_value, "an option's value cannot be",
           "The option is known, but what stands behind it is no value of its kind, or lies outside of "
           "what is possible.",
           "A missing unit (`--memory 512`), a number that is too large or too small, or two values "
           "where one is taken.",
           "Write the value as the message says.",
           "kmodtest: error[K0102]: --memory takes a size such as 512M or 1G, not '512'"},
          {Code::missing_argument, "something is missing on the command line",
           "The command needs an argument, a subcommand or an option's value that is not there.",
           "The command line ended too soon, or a variable of a script was empty.",
           "Add what is named; `kmodtest COMMAND --help` shows how the command is called.",
           "kmodtest: error[K0103]: name a plan or a module, or --attach NAME"},
          {Code::options_exclude, "two options cannot stand together",
           "Each of the two options asks for the opposite of the other, or one is of no use without "
           "another one.",
           "Options were put together from several scripts or variables.",
           "Leave out one of the two, or add the one that is missing.",
           "kmodtest: error[K0104]: --as-given excludes --shuffle"},
          {Code::no_such_input, "there is no such file or folder", "A path on the command line leads to nothing.",
           "A typing error, another current folder than meant, or a file that was not built yet.",
           "Correct the path. Paths are relative to the current folder.",
           "kmodtest: error[K0105]: there is no file or folder plans/hello.yml\n"
           "  hint: name a plan (.yaml), a folder of plans, or a module (.ko or a folder with a Kbuild)"},
          {Code::not_an_input, "a file or folder that holds nothing to run",
           "The path exists, but is neither a plan (`*.yaml`), nor a module (`*.ko`), nor a folder of "
           "one of them.",
           "The wrong folder, a plan with another ending, or a folder of sources without a `Kbuild`.",
           "Name a plan, a folder that has plans, a `.ko`, or a folder with a `Kbuild` or `Makefile`.",
           "kmodtest: error[K0106]: README.md is neither a plan (.yaml) nor a module (.ko)"},
          {Code::no_such_case, "no plan has a case of this id", "`--case` names a case that is in none of the plans.",
           "The plan or its matrix has changed since the id was copied, or an option such as `--cpus` "
           "that shaped the case is missing.",
           "`kmodtest list PLAN` prints the ids as they are now. Quote them: they have blanks and brackets.",
           "kmodtest: error[K0107]: no plan has a case 'hello [cpus=3]'\n"
           "  hint: did you mean 'hello [cpus=4]'?"},
          {Code::no_case_selected, "no case is left to run",
           "The plans are in order, but `--filter`, `--tag` or `--shard` leave none of their cases. "
           "The exit status is 4, so that a script can tell this from a failure.",
           "A pattern or tag that fits nothing, or more shards than cases.",
           "`kmodtest list` with the same options shows what they select.",
           "kmodtest: error[K0108]: no case is selected\n"
           "  hint: kmodtest list shows the cases of a plan"},
          {Code::one_case_only, "this is for one case only",
           "A debugger looks into one guest, and the command line selects several cases.",
           "`--gdb` with a plan whose matrix has several points.",
           "Choose one with `--case ID`, or narrow the matrix with `--cpus`.",
           "kmodtest: error[K0109]: --gdb is for one case, and 2 are selected\n"
           "  hint: choose one with --case (kmodtest list shows them) or --cpus"},
          {Code::bad_environment, "an environment variable has a value that cannot be",
           "One of kmodtest's own variables (`KMODTEST_…`) is set to something that it cannot take.",
           "A unit is missing, or a path is too long: a socket's path has room for 107 characters.",
           "Correct the variable that is named, or unset it.",
           "kmodtest: error[K0110]: KMODTEST_CACHE_LIMIT takes a size such as 4G or 500M, not '8'"},
          {Code::no_kept_guest, "no run keeps a guest of this name",
           "`kmodtest shell --attach` found nobody behind the name.",
           "The run that kept the guest has ended, or it runs with another `KMODTEST_RUNTIME`, or as "
           "another user.",
           "Take the name that `kmodtest run --pause-on-failure` prints, while that run waits, as the "
           "same user and with the same `KMODTEST_RUNTIME`.",
           "kmodtest: error[K0111]: no run keeps a guest behind /tmp/kmodtest-1000/x/door: No such "
           "file or directory"},
          {Code::not_a_case_folder, "a folder from which no case can be run again",
           "`kmodtest rerun` needs the folder of one case that got as far as a guest.",
           "The folder of a whole run was named, files were removed from it, or the case's module did "
           "not build: then there is nothing to run.",
           "Name the folder that stands behind `files:` of the failure. For a case that did not build, "
           "its `README.txt` has the command that builds it again.",
           "kmodtest: error[K0112]: out is no folder of a case that can be run again: it has no case.json"},
          {Code::unknown_code, "there is no error of this code",
           "`kmodtest explain` knows the codes that this version can print.",
           "A typing error, or a code from another version.", "`kmodtest explain` without a code lists all of them.",
           "kmodtest: error[K0113]: there is no error K0610\n"
           "  hint: did you mean K0601 (there is no QEMU)?"},
          {Code::no_terminal, "the terminal does not answer",
           "The settings of the terminal on standard input could not be read or changed, and a session "
           "needs to.",
           "The terminal went away, or the descriptor only looks like one.",
           "Start the command in a terminal; for scripts, give the commands through a pipe, which needs none.",
           "kmodtest: error[K0114]: cannot read the terminal's settings: Input/output error"},
          {Code::interrupted, "the run was interrupted",
           "A signal (Ctrl-C, SIGTERM, SIGHUP) ended the run. Guests were ended and reports written as "
           "far as they had come; the exit status is 130.",
           "Somebody or something sent the signal: a terminal that closed, a CI job's time limit.",
           "Nothing is to be mended. Run it again; what was built, fetched and saved is still there.",
           "kmodtest: error[K0115]: interrupted"},
      }};
  return area;
}

}  // namespace kmodtest::base
