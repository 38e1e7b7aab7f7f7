#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the GitHub Action, the GitLab job and the examples for other engines on this machine: their steps run in a
generated project, as the services would run them, with a kmodtest in PATH.

    ci_test.py KMODTEST [TEST...]

The services' own actions (cache, upload) are only recorded, with their inputs.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
KMODTEST = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else SOURCE / "build/kmodtest"
ACTION = yaml.safe_load((SOURCE / "action.yml").read_text())
GITLAB = yaml.safe_load((SOURCE / "ci/gitlab.yml").read_text())
DOCUMENT = (SOURCE / "docs/guide/ci.md").read_text()


def examples():
    """Returns the blocks of YAML in docs/guide/ci.md."""
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.M | re.S)]


def setUpModule():
    """Makes one project for all tests, so that its module is built only once."""
    global WORKSPACE
    WORKSPACE = pathlib.Path(tempfile.mkdtemp(prefix="kmt-ci-"))
    unittest.addModuleCleanup(shutil.rmtree, WORKSPACE)
    shutil.copytree(SOURCE / "modules/ex7_1", WORKSPACE / "plans/ex7_1")
    shutil.copy(SOURCE / "testplans/ex7_1.yaml", WORKSPACE / "plans/good.yaml")


class Project(unittest.TestCase):
    """A folder with a user's module, a plan that passes and one that does not."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kmt-ci-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.workspace = WORKSPACE
        shutil.rmtree(self.workspace / "kmodtest-report", ignore_errors=True)
        (self.workspace / "plans/bad.yaml").unlink(missing_ok=True)
        self.home = self.folder / "home"
        self.home.mkdir()

    def add_a_bad_plan(self):
        (self.workspace / "plans/bad.yaml").write_text(
            "module: ex7_1\nsteps:\n  - load\n  - dmesg: {contains: 'nobody says this', within: 1s}\n")

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "CI_", "KMODTEST_"))}
        kept.update({"PATH": f"{KMODTEST.parent}:{kept['PATH']}", "HOME": str(self.home)})
        # Use the kernels and snapshots that this machine's user already has.
        kept["KMODTEST_CACHE"] = os.environ.get("KMODTEST_CACHE", str(pathlib.Path.home() / ".cache/kmodtest"))
        kept.update({key: str(value) for key, value in more.items()})
        return kept

    def names_of_cases(self):
        root = xml.etree.ElementTree.parse(self.workspace / "kmodtest-report/junit.xml").getroot()
        return [case.get("name") for case in root.iter("testcase")]


class Expression:
    """Evaluates the part of GitHub's expression language that action.yml uses."""

    def __init__(self, inputs, steps, failed):
        self.inputs, self.steps, self.failed = inputs, steps, failed

    def look_up(self, name):
        first, *rest = name.split(".")
        if first == "inputs" and len(rest) == 1:
            return self.inputs[rest[0]]
        if first == "steps" and len(rest) == 2 and rest[1] == "outcome":
            return self.steps[rest[0]]["outcome"] if rest[0] in self.steps else "skipped"
        if first == "steps" and len(rest) == 3 and rest[1] == "outputs":
            return self.steps.get(rest[0], {}).get("outputs", {}).get(rest[2], "")
        raise AssertionError(f"action.yml asks for {name}")

    def value(self, text):
        def translate(match):
            word = match.group(0)
            known = {"&&": " and ", "||": " or ", "!": " not ", "cancelled()": "False"}
            if word in known or word.startswith("'") or word in ("==", "!=", "(", ")"):
                return known.get(word, word)
            return repr(self.look_up(word))

        return eval(re.sub(r"'[^']*'|[=!]=|&&|\|\||!|cancelled\(\)|[a-z][\w.-]*|[()]", translate, text))

    def fill(self, text):
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(self.value(match.group(1))), str(text))

    def holds(self, condition):
        if condition is None:
            return not self.failed
        code = re.fullmatch(r"\$\{\{(.*)\}\}", condition).group(1)
        return bool(self.value(code)) and ("cancelled()" in code or not self.failed)


class GithubAction(Project):
    def carry_out(self, inputs, hits=()):
        """Runs the steps in their order. `hits`: cache steps that find an entry."""
        for name in inputs:
            self.assertIn(name, ACTION["inputs"])
        values = {name: one.get("default") for name, one in ACTION["inputs"].items()}
        values.update(inputs)
        steps, used, failed = {}, [], False
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for path in files.values():
            path.write_text("")
        for number, step in enumerate(ACTION["runs"]["steps"]):
            expression = Expression(values, steps, failed)
            name = step.get("id", str(number))
            if not expression.holds(step.get("if")):
                steps[name] = {"outcome": "skipped"}
                continue
            if "uses" in step:
                told = {key: expression.fill(value) for key, value in step["with"].items()}
                used.append((step["uses"], told))
                steps[name] = {"outcome": "success", "outputs": {"cache-hit": "true" if name in hits else ""}}
                continue
            self.assertEqual(step["shell"], "bash")
            self.assertNotIn("${{", step["run"], "what a user gives must not be put into a script")
            own = {key: expression.fill(value) for key, value in step.get("env", {}).items()}
            if "KMODTEST_CACHE" in own:
                self.cache_path = own.pop("KMODTEST_CACHE")
            files["GITHUB_OUTPUT"].write_text("")
            ended = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]], cwd=self.workspace,
                env=self.environment(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=self.workspace, GITHUB_ACTION_PATH=SOURCE,
                                     **own, **files),
                capture_output=True, text=True, stdin=subprocess.DEVNULL)
            self.said = ended.stdout + ended.stderr
            outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
            steps[name] = {"outcome": "success" if ended.returncode == 0 else "failure", "outputs": outputs,
                           "status": ended.returncode, "said": self.said}
            failed = failed or ended.returncode != 0
        self.summary = files["GITHUB_STEP_SUMMARY"].read_text()
        return steps, used

    def test_a_run_that_passes_is_reported_and_kept(self):
        steps, used = self.carry_out({"plans": "plans\n", "cpus": "1,2"})
        self.assertEqual(steps["run"]["status"], 0, steps["run"]["said"])
        self.assertEqual(self.names_of_cases(), ["good [cpus=1]", "good [cpus=2]"])
        self.assertTrue(self.summary.startswith("## kmodtest: all 2 cases passed\n"), self.summary)
        for name in ("report.html", "results.ktap", "events.jsonl", "artifacts/good_cpus=1/kmsg.log"):
            self.assertTrue((self.workspace / "kmodtest-report" / name).exists(), name)
        self.assertEqual([name for name, _ in used],
                         ["actions/cache/restore@v4"] * 2 + ["actions/cache/save@v4"] * 2 +
                         ["actions/upload-artifact@v4"])
        told = [each for _, each in used]
        self.assertEqual((told[0]["path"], told[0]["key"]), (told[2]["path"], told[2]["key"]), "the build")
        self.assertEqual((told[1]["path"], told[1]["key"]), (told[3]["path"], told[3]["key"]), "the cache")
        self.assertTrue(told[1]["key"].startswith(told[1]["restore-keys"]))
        self.assertEqual(told[1]["path"], self.cache_path)
        self.assertEqual(told[4]["name"], "kmodtest-report")
        self.assertEqual(ACTION["outputs"]["report"]["value"], told[4]["path"])

    def test_a_run_that_fails_fails_the_job_and_is_reported_all_the_same(self):
        self.add_a_bad_plan()
        steps, used = self.carry_out({"plans": "plans", "cpus": "1"}, hits=("build",))
        self.assertEqual(steps["run"]["status"], 1, steps["run"]["said"])
        self.assertTrue(self.summary.startswith("## kmodtest: 1 of 2 cases did not pass\n"), self.summary)
        self.assertIn("nobody says this", self.summary)
        self.assertEqual([name for name, _ in used][2:], ["actions/cache/save@v4", "actions/upload-artifact@v4"])

    def test_each_case_is_in_one_shard_and_a_merge_has_them_all(self):
        seen = []
        shards = self.workspace / "shards"
        shards.mkdir()
        self.addCleanup(shutil.rmtree, shards)
        for shard in ("1/2", "2/2"):
            steps, used = self.carry_out({"plans": "plans", "cpus": "1,2", "shard": shard, "cache": "false",
                                          "arguments": "--no-progress -q"})
            self.assertEqual(steps["run"]["status"], 0, steps["run"]["said"])
            self.assertTrue(self.cache_path.endswith("/.cache/kmodtest-shards"), self.cache_path)
            self.assertEqual([name for name, _ in used], ["actions/upload-artifact@v4"])
            self.assertEqual(used[0][1]["name"], "kmodtest-report-" + shard.replace("/", "-of-"))
            seen += self.names_of_cases()
            (self.workspace / "kmodtest-report").rename(shards / used[0][1]["name"])
        self.assertEqual(sorted(seen), ["good [cpus=1]", "good [cpus=2]"])
        steps, used = self.carry_out({"merge": "shards"}, hits=("build",))
        self.assertEqual(steps["run"]["status"], 0, steps["run"]["said"])
        self.assertEqual(self.names_of_cases(), ["good [cpus=1]", "good [cpus=2]"])
        self.assertTrue(self.summary.startswith("## kmodtest: all 2 cases passed\n"), self.summary)
        self.assertEqual([name for name, _ in used], ["actions/cache/restore@v4", "actions/upload-artifact@v4"])
        self.assertEqual(used[1][1]["name"], "kmodtest-report")

    def test_shards_split_by_one_history_and_the_merge_adds_to_it(self):
        shards, times = self.workspace / "shards", self.workspace / "times"
        for folder in (shards, times):
            folder.mkdir()
            self.addCleanup(shutil.rmtree, folder)
        (times / "history.json").write_text("")  # as the first run has it
        for shard in ("1/2", "2/2"):
            steps, used = self.carry_out({"plans": "plans", "cpus": "1,2", "shard": shard, "cache": "false",
                                          "history": "times/history.json"})
            self.assertEqual(steps["run"]["status"], 0, steps["run"]["said"])
            self.assertEqual((times / "history.json").read_text(), "", "a shard changes nothing")
            (self.workspace / "kmodtest-report").rename(shards / used[0][1]["name"])
        steps, _ = self.carry_out({"merge": "shards", "history": "times/history.json"}, hits=("build",))
        self.assertEqual(steps["run"]["status"], 0, steps["run"]["said"])
        written = (times / "history.json").read_text()
        for case in ("good [cpus=1]", "good [cpus=2]"):
            self.assertIn(case, written)

    def test_a_shard_that_is_missing_fails_the_merge(self):
        self.carry_out({"plans": "plans", "cpus": "1,2", "shard": "1/2", "cache": "false"})
        steps, _ = self.carry_out({"merge": "kmodtest-report", "cache": "false"})
        self.assertEqual(steps["run"]["status"], 3, steps["run"]["said"])
        self.assertIn("K1007", steps["run"]["said"])

    def test_without_a_plan_it_says_so(self):
        steps, _ = self.carry_out({"plans": " \n"})
        self.assertEqual(steps["run"]["status"], 2)
        self.assertIn("kmodtest: error[K0103]: no plan is named", steps["run"]["said"])

    def test_every_input_is_used_and_said_in_the_document(self):
        text = (SOURCE / "action.yml").read_text()
        for name in ACTION["inputs"]:
            self.assertIn("inputs." + name, text)
            self.assertIn(f"`{name}`", DOCUMENT)
        jobs = [job for one in examples() if "jobs" in one for job in one["jobs"].values()]
        used = [step for job in jobs for step in job["steps"] if "kmodtest@" in step.get("uses", "")]
        self.assertGreaterEqual(len(used), 2)
        for step in used:
            self.assertLessEqual(set(step["with"]), set(ACTION["inputs"]))
            self.assertIn("merge" if "merge" in step["with"] else "plans", step["with"])


class GitlabJob(Project):
    def carry_out(self, job, **service):
        """Runs before_script and script of a job that extends the template."""
        template = GITLAB[job["extends"]]
        variables = {"CI_PROJECT_DIR": str(self.workspace), "CI_SERVER_PROTOCOL": "https", "CI_SERVER_HOST": "localhost",
                     "CI_SERVER_PORT": "443", "CI_PROJECT_NAMESPACE": "group", "CI_JOB_TOKEN": "token",
                     "CI_JOB_NAME_SLUG": "modules", **service}
        for name, value in {**template["variables"], **job.get("variables", {})}.items():
            variables[name] = re.sub(r"\$(\w+)", lambda match: variables[match.group(1)], str(value))
        variables.pop("KMODTEST_CACHE")
        lines = template["before_script"] + template["script"]
        return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)], cwd=self.workspace,
                              env=self.environment(KMODTEST_SOURCE=SOURCE, GITLAB_CI="true", **variables),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def test_parallel_jobs_share_the_cases_and_leave_what_the_job_declares(self):
        self.add_a_bad_plan()
        job = {"extends": ".kmodtest", "variables": {"KMODTEST_PLANS": "plans", "KMODTEST_CPUS": "1"}}
        declared = GITLAB[".kmodtest"]["artifacts"]
        seen, status, summaries = [], [], []
        kept = self.folder / "artifacts"
        for node in ("1", "2"):
            ended = self.carry_out(job, CI_NODE_INDEX=node, CI_NODE_TOTAL="2")
            self.assertIn(ended.returncode, (0, 1), ended.stdout + ended.stderr)
            status.append(ended.returncode)
            seen += self.names_of_cases()
            for path in declared["paths"] + [declared["reports"]["junit"]]:
                self.assertTrue((self.workspace / path).exists(), path)
            summaries.append((self.workspace / "kmodtest-report/summary.md").read_text().splitlines()[0])
            # GitLab unpacks the artifacts of all jobs over one another.
            shutil.copytree(self.workspace / "kmodtest-report", kept, dirs_exist_ok=True)
            shutil.rmtree(self.workspace / "kmodtest-report")
        self.assertEqual(sorted(seen), ["bad [cpus=1]", "good [cpus=1]"])
        shutil.copytree(kept, self.workspace / "kmodtest-report")
        merge = next(one["result"] for one in examples() if "result" in one and "include" in one)
        ended = self.carry_out(merge)
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertEqual(self.names_of_cases(), ["bad [cpus=1]", "good [cpus=1]"])
        self.assertEqual(sorted(status), [0, 1])
        self.assertEqual(sorted(summaries), ["## kmodtest: 1 of 1 case did not pass", "## kmodtest: the case passed"])

    def test_the_examples_of_the_document_name_variables_that_exist(self):
        known = set(re.findall(r"KMODTEST_\w+", (SOURCE / "tools/ci/run.sh").read_text()))
        known |= set(GITLAB[".kmodtest"]["variables"]) | {"KMODTEST_SOURCE"}
        jobs = [job for one in examples() if "include" in one for job in one.values()
                if isinstance(job, dict) and "extends" in job]
        self.assertGreaterEqual(len(jobs), 2)
        for job in jobs:
            self.assertEqual(job["extends"], ".kmodtest")
            self.assertLessEqual(set(job.get("variables", {})), known)


class OtherEngines(Project):
    """The examples of docs/guide/machines.md and ci/kubernetes.yaml, on one machine."""

    def setUp(self):
        super().setUp()
        self.results = self.workspace / "results"
        self.addCleanup(shutil.rmtree, self.results, ignore_errors=True)
        self.add_a_bad_plan()

    def run_lines(self, lines, **more):
        return subprocess.run(["sh", "-c", lines], cwd=self.workspace, env=self.environment(**more),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def expect_all_cases(self, said):
        self.assertIn("4 cases: 3 passed, 1 failed", said)

    def test_gnu_parallel(self):
        text = (SOURCE / "docs/guide/machines.md").read_text()
        seq, on = (re.search(f"^.*{start}.*$", text, re.M).group(0) for start in ("seq 4", "--semaphore"))
        ended = self.run_lines(seq.replace("--sshlogin one,two", "--sshlogin :") + "; kmodtest merge results/")
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.expect_all_cases(ended.stdout)
        ended = self.run_lines(on)
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.expect_all_cases(ended.stdout)

    def test_qsub(self):
        """A stand-in for qsub: it runs a copy of the script, elsewhere, with its output in a file, as such engines do."""
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        stub = folder / "qsub"
        stub.write_text("#!/bin/sh\n"
                        "[ \"$1 $2\" = '-sync y' ] || { echo \"qsub: what is $*?\" >&2; exit 2; }\n"
                        f"job=$(mktemp -d {folder}/job-XXXXXX)\n"
                        "cp \"$3\" \"$job/spooled\"\n"
                        "cd / && sh \"$job/spooled\" >\"$job/output\" 2>&1\n")
        stub.chmod(0o755)
        on = re.search("^.*'qsub .*$", (SOURCE / "docs/guide/machines.md").read_text(), re.M).group(0)
        path = f"{folder}:{self.environment()['PATH']}"
        ended = self.run_lines(on.replace("--shards 8", "--shards 3"), PATH=path)
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.expect_all_cases(ended.stdout)
        self.assertEqual(len(list(folder.glob("job-*"))), 3)
        ended = self.run_lines(on.replace("-sync y", "-sync n"), PATH=path)
        self.assertEqual(ended.returncode, 3, ended.stdout + ended.stderr)
        self.assertIn("K1008", ended.stdout + ended.stderr)

    def test_kubernetes(self):
        job = yaml.safe_load((SOURCE / "ci/kubernetes.yaml").read_text())["spec"]
        container = job["template"]["spec"]["containers"][0]
        shards = {one["name"]: one["value"] for one in container["env"]}
        self.assertEqual(shards, {"KMODTEST_SHARDS": str(job["completions"])})
        self.assertEqual(container["command"], ["sh", "-c"])
        for index in range(job["completions"]):
            for _ in ("at first", "after an eviction"):
                ended = self.run_lines(container["args"][0], JOB_COMPLETION_INDEX=index, **shards)
                self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.expect_all_cases(self.run_lines("kmodtest merge results/").stdout)


NOBLE = 'ID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n'


class Setup(Project):
    def test_a_system_that_is_not_supported_is_named(self):
        self.assertEqual(self.set_up('ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n'), (
            3, "kmodtest: error[K0313]: this is Ubuntu 22.04.5 LTS, but kmodtest can be set up on Debian 12 and 13 and "
               "on Ubuntu 24.04 and later\n"
               "  hint: run the job in a container, 'container: debian:trixie' (docs/guide/ci.md)\n"))

    def test_a_package_is_installed_instead_of_building(self):
        package = self.make_package("kmodtest")
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        for name in (package, package.as_uri()):
            said = self.set_up(NOBLE, KMODTEST_PACKAGE=name, KMODTEST_SHA256=digest)
            self.assertEqual(said[0], 0, said[1])
            self.assertEqual((self.folder / "apt.log").read_text().splitlines()[-1].split()[-1], "kmodtest.deb")

    def test_a_package_that_cannot_be_installed_is_named(self):
        package = self.make_package("kmodtest")
        other = self.make_package("other")
        broken = self.folder / "broken.deb"
        broken.write_text("half a file")
        absent = self.folder / "absent.deb"
        for name, digest, message in (
                (absent, "", f"there is no file {absent}"), (absent.as_uri(), "", f"cannot download {absent.as_uri()}"),
                (package, "0" * 64, f"{package} has the checksum "),
                (other, "", f"{other} is not a Debian package of kmodtest"),
                (broken, "", f"{broken} is not a Debian package of kmodtest")):
            status, said = self.set_up(NOBLE, KMODTEST_PACKAGE=name, KMODTEST_SHA256=digest)
            self.assertEqual(status, 3, said)
            self.assertIn(f"kmodtest: error[K0317]: {message}", said)
            self.assertIn("  hint: ", said)

    def make_package(self, name):
        folder = self.folder / f"package-{name}"
        (folder / "DEBIAN").mkdir(parents=True)
        (folder / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: me <me@localhost>\nDescription: none\n")
        package = self.folder / f"{name}_1_all.deb"
        subprocess.run(["dpkg-deb", "--build", folder, package], check=True, capture_output=True)
        return package

    def set_up(self, os_release, **more):
        """Runs setup.sh with an apt-get that only notes how it is called; returns exit status and standard error."""
        release = self.folder / "os-release"
        release.write_text(os_release)
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        # apt-get "installs" a kmodtest; it names the file without its folder, which is a new one each time.
        (programs / "apt-get").write_text(
            f'#!/bin/sh\nfor last; do :; done\necho "$* ${{last##*/}}" >>{self.folder}/apt.log\n'
            f'if [ "${{last##*.}}" = deb ]; then ln -sf /bin/true {programs}/kmodtest; fi\n')
        (programs / "apt-get").chmod(0o755)
        environment = self.environment(KMODTEST_OS_RELEASE=release, **more)
        environment["PATH"] = f"{programs}:/usr/bin:/bin"
        (programs / "kmodtest").unlink(missing_ok=True)
        ended = subprocess.run([SOURCE / "tools/ci/setup.sh"], env=environment, capture_output=True, text=True)
        return ended.returncode, ended.stderr

    def test_keys_change_with_what_they_are_of(self):
        def keys(**more):
            said = subprocess.run([SOURCE / "tools/ci/cache-keys.sh"], cwd=self.workspace, check=True,
                                  env=self.environment(**more), capture_output=True, text=True).stdout
            return dict(line.split("=", 1) for line in said.splitlines())

        before = keys(KMODTEST_PLANS="plans")
        self.assertEqual(before, keys(KMODTEST_PLANS="plans\n"))
        self.add_a_bad_plan()
        after = keys(KMODTEST_PLANS="plans")
        self.assertNotEqual(before["cache"], after["cache"])
        self.assertEqual(before["cache-restore"], after["cache-restore"])
        self.assertEqual(before["build"], after["build"])
        shard = keys(KMODTEST_PLANS="plans", KMODTEST_SHARD="2/4")
        self.assertFalse(shard["cache"].startswith(after["cache-restore"]))
        self.assertNotEqual(shard["cache-path"], after["cache-path"], "no history may come to a shard")


if __name__ == "__main__":
    unittest.main()
