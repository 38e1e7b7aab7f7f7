#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Plants violations in a temporary tree and compares the output of lint.sh with the expected output.
set -eu

lint=$(cd "$(dirname "$0")" && pwd)/lint.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# source_file PATH [LINE...]: a file with a licence line and the given lines.
source_file() {
  path=$tree/$1
  shift
  mkdir -p "$(dirname "$path")"
  { echo '// SPDX-License-Identifier: GPL-2.0-or-later'; [ $# -eq 0 ] || printf '%s\n' "$@"; } >"$path"
}

# expect RULE STATUS TEXT: runs lint.sh and compares its status and its output.
expect() {
  status=0
  seen=$("$lint" "$1" "$tree" 2>&1) || status=$?
  if [ "$status" -ne "$2" ] || [ "$seen" != "$3" ]; then
    failures=$((failures + 1))
    printf -- '--- %s: expected status %s and\n%s\n--- seen status %s and\n%s\n' "$1" "$2" "$3" "$status" "$seen"
  fi
}

# A folder without sources is a mistake of the caller, and not a clean tree.
expect all 2 "lint.sh: no sources below $tree/framework"
expect spelling 2 "lint.sh: unknown rule 'spelling'"

# A clean tree.
mkdir -p "$tree/framework"
printf '%s\n' '# room: what it includes' 'base:' 'wire:' 'plan: base wire' 'vm: base' 'judge: plan wire' 'run: vm judge' \
  'guest: wire' 'emulator: wire' >"$tree/framework/layers.txt"
source_file framework/judge/judge.cpp '#include "judge/judge.hpp"' '#include <vector>' '#include <linux/module.h>' \
  '#include "plan/plan.hpp"' '#include "wire/frame.hpp"'
source_file framework/vm/guest.hpp '#include "base/error.hpp"' '// #include "cli/comment.hpp"'
source_file guest/main.cpp '#include "agent.hpp"' '#include "wire/frame.hpp"'
source_file emulator/main.cpp '#include "emulator/guard.hpp"' '#include "wire/shared_memory.hpp"'
expect all 0 ''

# Each way to break the layering.
source_file framework/wire/frame.cpp '#include "plan/plan.hpp"'
source_file framework/plan/parse.cpp '#include "plan/plan.hpp"' '' '  #  include "vm/guest.hpp"'
source_file framework/vm/machine.cpp '#include <run/runner.hpp>'
source_file framework/run/runner.cpp '#include "runner.hpp"' '#include "../vm/guest.hpp"' '#include "other/thing.hpp"' \
  '#include "base/error.hpp"'
source_file framework/extra/thing.cpp '#include "base/error.hpp"'
source_file guest/exec.cpp '#include "base/error.hpp"'
source_file emulator/gate.cpp '#include "vm/guest.hpp"'
expect layering 1 'emulator/gate.cpp:2: emulator may not include vm (framework/layers.txt)
framework/extra/thing.cpp:2: framework/extra is not a room of framework/layers.txt
framework/plan/parse.cpp:4: plan may not include vm (framework/layers.txt)
framework/run/runner.cpp:2: include "runner.hpp" does not name its folder
framework/run/runner.cpp:3: include "../vm/guest.hpp" climbs out of its folder
framework/run/runner.cpp:4: include "other/thing.hpp" is not in a room of framework/layers.txt
framework/run/runner.cpp:5: run may not include base (framework/layers.txt)
framework/vm/machine.cpp:2: vm may not include run (framework/layers.txt)
framework/wire/frame.cpp:2: wire may not include plan (framework/layers.txt)
guest/exec.cpp:2: guest may not include base (framework/layers.txt)'
expect length 0 ''
expect spdx 0 ''

# 400 lines are fine, 401 are not.
rm -rf "$tree/framework" "$tree/guest" "$tree/emulator"
{ echo '// SPDX-License-Identifier: GPL-2.0-or-later'; yes '' | head -n 399; } >"$tree/lines"
mkdir -p "$tree/framework/base" "$tree/guest" "$tree/tests"
cp "$tree/lines" "$tree/framework/base/most.cpp"
{ cat "$tree/lines"; echo; } >"$tree/guest/long.hpp"
{ cat "$tree/lines"; echo; } >"$tree/tests/long_test.cpp"
expect length 1 'guest/long.hpp: 401 lines, more than 400: split it'
expect spdx 0 ''

# The licence has to be on the first line.
source_file tests/fine.cpp
echo '/* SPDX-License-Identifier: GPL-2.0 */' >"$tree/tests/fine.c"
mkdir -p "$tree/modules/ex" "$tree/templates/hello"
printf '\n// SPDX-License-Identifier: GPL-2.0-or-later\n' >"$tree/modules/ex/ex.c"
echo '#include <linux/module.h>' >"$tree/templates/hello/module.c"
: >"$tree/framework/base/empty.hpp"
echo 'generated' >"$tree/modules/ex/ex.mod.c"
expect spdx 1 'framework/base/empty.hpp:1: the first line is not an SPDX-License-Identifier
modules/ex/ex.c:1: the first line is not an SPDX-License-Identifier
templates/hello/module.c:1: the first line is not an SPDX-License-Identifier'
expect all 1 'guest/long.hpp: 401 lines, more than 400: split it
framework/base/empty.hpp:1: the first line is not an SPDX-License-Identifier
modules/ex/ex.c:1: the first line is not an SPDX-License-Identifier
templates/hello/module.c:1: the first line is not an SPDX-License-Identifier'

# Each code has to be explained and used.
rm -rf "$tree/framework" "$tree/guest" "$tree/tests" "$tree/modules"
source_file framework/base/error_code.hpp 'enum class Code {' '  none = 0,  ///< no error' '  no_disk = 101,' \
  '  no_network = 102,  ///< reserved' '  no_reason = 103,' '};'
mkdir -p "$tree/errors"
touch "$tree/errors/K0101.md" "$tree/errors/K0102.md" "$tree/errors/README.md"
source_file framework/vm/disk.cpp 'throw base::Error(base::Code::no_disk);' 'throw base::Error(base::Code::no_reason);'
expect codes 1 'framework/base/error_code.hpp: no error has the code no_network
framework/base/error_code.hpp: no errors/K0103.md explains the code no_reason'
mkdir -p "$tree/tools"
echo 'echo "kmodtest: error[K0102]: there is no network" >&2' >"$tree/tools/setup.sh"
expect codes 1 'framework/base/error_code.hpp: no errors/K0103.md explains the code no_reason'
rm "$tree/tools/setup.sh"
touch "$tree/errors/K0103.md" "$tree/errors/K0104.md"
source_file framework/vm/network.cpp 'throw base::Error(base::Code::no_network);'
expect codes 1 'errors/K0104.md: no code of framework/base/error_code.hpp has this number'
rm "$tree/errors/K0104.md"
expect codes 0 ''

# A link of a Markdown file leads to a file, and to a heading if it names one.
rm -rf "$tree/docs" "$tree/README.md"
mkdir -p "$tree/docs/guide" "$tree/build"
cat >"$tree/README.md" <<'END'
# Title

[fine](docs/guide/here.md), [fine](docs/guide/here.md#the-2nd-part), [fine](#title), [fine](https://example.org/not.md), [fine](docs).
[lost](docs/here.md) and [lost](docs/guide/here.md#the-3rd-part) and ![lost](picture.png)
`[code](nowhere.md)`

```
[code](nowhere.md)
# no heading
```

    [code](nowhere.md)

[lost](#no-heading)
END
printf '%s\n' '# Here' '' '## The 2nd part:' '' '[fine](../../README.md), [lost](README.md)' >"$tree/docs/guide/here.md"
printf '%s\n' '[of a build tree](nowhere.md)' >"$tree/build/other.md"
expect links 1 "README.md:4: the link 'docs/here.md' leads nowhere
README.md:4: the link 'docs/guide/here.md#the-3rd-part' names a heading that is not there
README.md:4: the link 'picture.png' leads nowhere
README.md:14: the link '#no-heading' names a heading that is not there
docs/guide/here.md:5: the link 'README.md' leads nowhere"

# The patterns of words.txt, in the prose of Markdown files and in sources.
rm -rf "$tree/README.md" "$tree/docs" "$tree/build"
mkdir -p "$tree/docs"
cat >"$tree/README.md" <<'END'
Mending a `mended` thing anew.
Of a file nothing is left. Some of a file is.

```
mend
```

    mend

The amendment is renewed.
END
echo 'whoever' >"$tree/docs/errors.md"
source_file framework/report/console.cpp '// Drawn anew.'
expect words 1 "README.md:1: 'Mending': write: fix
README.md:1: 'anew': write: again
README.md:2: 'Of a': write: the subject first
docs/errors.md:1: 'whoever': write: the actor
framework/report/console.cpp:2: 'anew': write: again"
expect links 0 ''
rm "$tree/README.md" "$tree/docs/errors.md" "$tree/framework/report/console.cpp"
expect words 0 ''

if [ "$failures" -gt 0 ]; then
  echo "$failures failed"
  exit 1
fi
