#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the GitHub Action, the GitLab job and the examples for other engines on this machine: their steps run in a
generated project, as the services would run them, with a kmodtest in PATH.

    ci_test.py KMODTEST [TEST...]

The services' own actions (cache, upload) are only recorded, with their inputs.
"""
import fnmatch
import hashlib
import json
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
WORKFLOW = yaml.safe_load((SOURCE / ".github/workflows/shards.yml").read_text())
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
    """Evaluates the part of GitHub's expression language that action.yml and the workflow use.

    `contexts`: by name, nested like those of GitHub. What steps and jobs have not set is empty, as it is there.
    """

    def __init__(self, contexts, failed=False):
        self.contexts, self.failed = contexts, failed

    def look_up(self, name):
        first, *rest = name.split(".")
        value = self.contexts[first]
        for part in rest:
            if part not in value and first in ("inputs", "strategy", "matrix", "job", "github"):
                raise AssertionError(f"there is no {name}")
            value = value.get(part, "" if part == rest[-1] else {})
        return value

    def value(self, text):
        def translate(match):
            word = match.group(0)
            known = {"&&": " and ", "||": " or ", "!": " not ", "cancelled()": "False", "fromJSON": "json.loads"}
            if word in known or word.startswith("'") or word in ("==", "!=", "(", ")"):
                return known.get(word, word)
            return repr(self.look_up(word))

        return eval(re.sub(r"'[^']*'|[=!]=|&&|\|\||!|cancelled\(\)|[a-z][\w.-]*|[()]", translate, text.strip()))

    def fill(self, text):
        """Returns a text with the values of its expressions; the value itself if it is one expression."""
        whole = re.fullmatch(r"\$\{\{([^}]*)\}\}", str(text))
        if whole:
            return self.value(whole.group(1))
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: self.word(match.group(0)), str(text))

    def word(self, text):
        value = self.fill(text)
        return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)

    def words(self, mapping):
        return {key: self.word(value) for key, value in (mapping or {}).items()}

    def holds(self, condition):
        if condition is None:
            return not self.failed
        code = re.fullmatch(r"\$\{\{(.*)\}\}", condition).group(1)
        return bool(self.value(code)) and ("cancelled()" in code or not self.failed)


class Github(Project):
    def run_script(self, step, own):
        """Runs the script of a step; returns what it came to, as the context `steps` has it."""
        self.assertEqual(step["shell"], "bash")
        self.assertNotIn("${{", step["run"], "what a user gives must not be put into a script")
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for path in files.values():
            path.touch()
        files["GITHUB_OUTPUT"].write_text("")
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]], cwd=self.workspace,
            env=self.environment(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=self.workspace, GITHUB_ACTION_PATH=SOURCE,
                                 **own, **files),
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return {"outcome": "success" if ended.returncode == 0 else "failure", "outputs": outputs,
                "status": ended.returncode, "said": ended.stdout + ended.stderr}

    def carry_out(self, inputs, hits=(), job=(0, 1)):
        """Runs the steps of the action in their order; returns what they came to, and which actions they used with
        which inputs. `hits`: cache steps that find an entry. `job`: the place in the matrix and its size."""
        for name in inputs:
            self.assertIn(name, ACTION["inputs"])
        values = {name: one.get("default") for name, one in ACTION["inputs"].items()}
        values.update(inputs)
        steps, used, failed = {}, [], False
        (self.folder / "GITHUB_STEP_SUMMARY").write_text("")
        for number, step in enumerate(ACTION["runs"]["steps"]):
            strategy = {"job-index": job[0], "job-total": job[1]}
            expression = Expression({"inputs": values, "steps": steps, "strategy": strategy}, failed)
            name = step.get("id", str(number))
            if not expression.holds(step.get("if")):
                steps[name] = {"outcome": "skipped"}
            elif "uses" in step:
                used.append((step["uses"], expression.words(step["with"])))
                steps[name] = {"outcome": "success", "outputs": {"cache-hit": "true" if name in hits else ""}}
            else:
                own = expression.words(step.get("env"))
                if "KMODTEST_CACHE" in own:
                    self.cache_path = own.pop("KMODTEST_CACHE")
                steps[name] = self.run_script(step, own)
                self.said = steps[name]["said"]
                failed = failed or steps[name]["status"] != 0
        self.summary = (self.folder / "GITHUB_STEP_SUMMARY").read_text()
        self.outputs = {name: Expression({"steps": steps}).word(one["value"]) for name, one in ACTION["outputs"].items()}
        return steps, used


class GithubAction(Github):
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
        self.assertEqual(self.outputs, {"report": told[4]["path"], "exit": "0"})

    def test_a_run_that_fails_fails_the_job_and_is_reported_all_the_same(self):
        self.add_a_bad_plan()
        steps, used = self.carry_out({"plans": "plans", "cpus": "1"}, hits=("build",))
        self.assertEqual(steps["run"]["status"], 1, steps["run"]["said"])
        self.assertEqual(self.outputs["exit"], "1")
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

    def test_the_place_in_the_matrix_says_which_shard_a_job_runs(self):
        steps, used = self.carry_out({"plans": "plans", "cpus": "1,2", "shards": "2", "cache": "false"}, job=(1, 2))
        self.assertEqual(steps["run"]["status"], 0, steps["run"]["said"])
        self.assertEqual(used[0][1]["name"], "kmodtest-report-2-of-2")
        self.assertTrue((self.workspace / "kmodtest-report/results-2-of-2.tar.zst").exists())
        self.assertEqual(len(self.names_of_cases()), 1)

    def test_shards_that_cannot_be_are_named(self):
        for inputs, job, code, said in (
                ({"shards": "2"}, (0, 1), "K0102", "there are 2 shards, but 1 jobs in the matrix"),
                ({"shards": "2", "shard": "1/2"}, (0, 2), "K0104", "'shard' and 'shards' cannot be used together"),
                ({"shards": "2.5"}, (0, 2), "K0102", "'shards' has to be a whole number from 1 to 256, not '2.5'"),
                ({"shards": "257"}, (0, 257), "K0102", "from 1 to 256, not '257'"),
                ({"shards": "0"}, (0, 1), "K0102", "from 1 to 256, not '0'"),
                ({"shards": "a[$(touch x)]"}, (0, 1), "K0102", "from 1 to 256, not 'a[$(touch x)]'")):
            steps, used = self.carry_out({"plans": "plans", **inputs}, job=job)
            self.assertEqual((steps["shard"]["status"], steps["run"]["outcome"], used), (2, "skipped", []), inputs)
            self.assertIn(f"kmodtest: error[{code}]: ", steps["shard"]["said"])
            self.assertIn(said, steps["shard"]["said"])
        self.assertFalse((self.workspace / "x").exists())

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
        used = [step for job in jobs for step in job.get("steps", []) if "kmodtest@" in step.get("uses", "")]
        self.assertGreaterEqual(len(used), 2)
        for step in used:
            self.assertLessEqual(set(step["with"]), set(ACTION["inputs"]))
            self.assertIn("merge" if "merge" in step["with"] else "plans", step["with"])


# Where GitHub lets a workflow use which contexts: docs.github.com, "Contexts reference", "Context availability".
STEP = {"github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps", "inputs"}
JOB = {"github", "needs", "strategy", "matrix", "vars", "inputs"}
AVAILABLE = {"runs-on": JOB, "container": JOB, "timeout-minutes": JOB, "name": JOB, "if": JOB - {"strategy", "matrix"},
             "strategy": JOB - {"strategy", "matrix"}, "outputs": STEP, "steps": STEP}


class ShardsWorkflow(Github):
    """The workflow that other repositories call: its jobs, with stand-ins for the actions of GitHub."""

    def setUp(self):
        super().setUp()
        self.artifacts, self.cached, self.said = {}, {}, ""
        source = self.workspace / ".kmodtest"
        source.symlink_to(SOURCE)
        self.addCleanup(source.unlink)
        for name in ("kmodtest-times", "kmodtest-results"):
            self.addCleanup(shutil.rmtree, self.workspace / name, ignore_errors=True)

    def call(self, **inputs):
        """Runs the jobs; returns the outputs of the workflow. `self.jobs` has the result of each job."""
        declared = (WORKFLOW.get("on") or WORKFLOW[True])["workflow_call"]  # YAML takes `on` for a truth value
        self.assertLessEqual(set(inputs), set(declared["inputs"]))
        values = {name: one.get("default") for name, one in declared["inputs"].items()} | inputs
        self.contexts = {
            "inputs": values, "secrets": {}, "needs": {}, "matrix": {}, "strategy": {"job-index": 0, "job-total": 1},
            "github": {"token": "its own", "run_id": "77", "run_attempt": "1"},
            "job": {"workflow_repository": "owner/kmodtest", "workflow_sha": "1234567"}}
        self.jobs = {}
        for name, job in WORKFLOW["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            self.contexts["needs"] = {one: self.jobs[one] for one in needs}
            failed = any(self.jobs[one]["result"] != "success" for one in needs)
            if not Expression(self.contexts, failed).holds(job.get("if")):
                self.jobs[name] = {"result": "skipped", "outputs": {}}
                continue
            matrix = Expression(self.contexts).fill(job.get("strategy", {}).get("matrix", {}).get("shard", ""))
            results = [self.run_job(job, index, len(matrix), {"shard": one} if matrix else {})
                       for index, one in enumerate(matrix or [""])]
            self.jobs[name] = {"result": "failure" if any(one["result"] != "success" for one in results) else "success",
                               "outputs": results[-1]["outputs"], "each": results}
        return {name: Expression({"jobs": self.jobs}).word(one["value"]) for name, one in declared["outputs"].items()}

    def run_job(self, job, index, total, matrix):
        contexts = {**self.contexts, "matrix": matrix, "strategy": {"job-index": index, "job-total": max(total, 1)},
                    "steps": {}}
        self.assertEqual(Expression(contexts).word(job["container"]), "debian:trixie")
        failed = False
        for name in ("kmodtest-times", "kmodtest-results", "kmodtest-report"):  # each job has a new machine
            shutil.rmtree(self.workspace / name, ignore_errors=True)
        for number, step in enumerate(job["steps"]):
            expression = Expression(contexts, failed)
            if not expression.holds(step.get("if")):
                continue
            came = self.run_script(step, expression.words(step.get("env"))) if "run" in step else \
                self.use(step["uses"], expression.words(step.get("with")), (index, total))
            contexts["steps"][step.get("id", str(number))] = came
            failed = failed or came["outcome"] != "success"
            self.said = came.get("said") or self.said
        return {"result": "failure" if failed else "success", "outputs": Expression(contexts).words(job.get("outputs"))}

    def use(self, action, told, job):
        came = {"outcome": "success", "outputs": {}}
        path = self.workspace / told.get("path", ".")
        if action == "./.kmodtest":
            steps, used = self.carry_out(told, hits=("build",), job=job)
            for name, given in used:
                if name.startswith("actions/upload-artifact"):
                    self.use(name, given, job)
            came = {"outcome": steps["run"]["outcome"], "outputs": self.outputs, "said": steps["run"].get("said", "")}
        elif action == "actions/upload-artifact@v4":
            self.artifacts[told["name"]] = self.folder / told["name"]
            shutil.copytree(path, self.artifacts[told["name"]], dirs_exist_ok=True)
        elif action == "actions/download-artifact@v4" and "name" in told:
            shutil.copytree(self.artifacts[told["name"]], path)
        elif action == "actions/download-artifact@v4":
            for name in fnmatch.filter(self.artifacts, told["pattern"]):
                shutil.copytree(self.artifacts[name], path / name)
        elif action == "actions/cache/save@v4":
            self.cached[told["key"]] = (told["path"], (path / "history.json").read_text())
        elif action == "actions/cache/restore@v4":
            found = [one for key, one in self.cached.items() if key.startswith(told["restore-keys"])]
            if found:
                self.assertEqual(found[-1][0], told["path"], "an entry is found only under the path of its files")
                (path / "history.json").write_text(found[-1][1])
        else:
            self.assertEqual(action, "actions/checkout@v4")
            if told:
                self.assertEqual((told["repository"], told["ref"], told["token"], told["path"]),
                                 ("owner/kmodtest", "1234567", "its own", ".kmodtest"))
        return came

    def test_jobs_share_the_cases_and_the_last_one_has_them_all(self):
        outputs = self.call(plans="plans", cpus="1,2", shards=2)
        self.assertEqual(outputs, {"report": "kmodtest-report", "exit": "0"}, self.said)
        self.assertEqual({name: one["result"] for name, one in self.jobs.items()},
                         {"split": "success", "shard": "success", "result": "success"})
        self.assertEqual(self.names_of_cases(), ["good [cpus=1]", "good [cpus=2]"])
        self.assertEqual(set(self.artifacts), {"kmodtest-report", "kmodtest-report-times"} |
                         {f"kmodtest-report-{shard}-of-2" for shard in (1, 2)})
        self.assertIn("good [cpus=2]", self.cached["kmodtest-report-times-77-1"][1])

    def test_a_case_that_fails_and_a_shard_that_is_lost_decide_the_status(self):
        self.add_a_bad_plan()
        outputs = self.call(plans="plans", cpus="1", shards=2, name="mine")
        self.assertEqual(outputs, {"report": "mine", "exit": "1"}, self.said)
        self.assertEqual(sorted(one["result"] for one in self.jobs["shard"]["each"]), ["failure", "success"])
        self.assertEqual(self.jobs["result"]["result"], "failure")
        self.assertEqual(self.names_of_cases(), ["bad [cpus=1]", "good [cpus=1]"])
        self.artifacts.pop("mine-1-of-2")
        self.contexts["needs"] = self.jobs
        lost = self.run_job(WORKFLOW["jobs"]["result"], 0, 1, {})
        self.assertEqual(lost["result"], "failure")
        self.assertIn("K1007", self.said)
        self.assertIn(lost["outputs"]["exit"], ("1", "3"))

    def test_the_matrix_has_as_many_jobs_as_there_are_shards(self):
        for shards in (1, 4, 10):
            self.contexts = {"inputs": {"shards": shards}}
            split = next(one for one in WORKFLOW["jobs"]["split"]["steps"] if one.get("id") == "split")
            came = self.run_script(split, Expression(self.contexts).words(split["env"]))
            outputs = Expression({"steps": {"split": came}}).words(WORKFLOW["jobs"]["split"]["outputs"])
            matrix = Expression({"needs": {"split": {"outputs": outputs}}}).fill(
                WORKFLOW["jobs"]["shard"]["strategy"]["matrix"]["shard"])
            self.assertEqual(matrix, [f"{shard}/{shards}" for shard in range(1, shards + 1)])
        outputs = self.call(plans="plans", shards=2.5)
        self.assertEqual({name: one["result"] for name, one in self.jobs.items()},
                         {"split": "failure", "shard": "skipped", "result": "skipped"})
        self.assertEqual(outputs["exit"], "")

    def test_it_uses_what_there_is(self):
        declared = (WORKFLOW.get("on") or WORKFLOW[True])["workflow_call"]
        text = (SOURCE / ".github/workflows/shards.yml").read_text()
        for name in declared["inputs"]:
            self.assertIn("inputs." + name, text)
            self.assertIn(f"`{name}`", DOCUMENT)
        for job in WORKFLOW["jobs"].values():
            for key, value in job.items():
                used = set(re.findall(r"(?<![\w.'/-])([a-z]+)\.[a-z]", " ".join(
                    re.findall(r"\$\{\{(.*?)\}\}", yaml.safe_dump(value, width=10**6)))))
                self.assertLessEqual(used, AVAILABLE.get(key, set()), key)
        calls = [job for one in examples() if "jobs" in one for job in one["jobs"].values() if "uses" in job]
        self.assertGreaterEqual(len(calls), 1)
        for job in calls:
            file = re.fullmatch(r"OWNER/kmodtest/(.*)@main", job["uses"]).group(1)
            self.assertTrue((SOURCE / file).exists(), file)
            self.assertLessEqual(set(job["with"]), set(declared["inputs"]))


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
        jobs = sorted(folder.glob("job-*"))
        said = [ended.stdout + ended.stderr] + [(job / "output").read_text() for job in jobs]
        self.assertEqual(len(jobs), 3, "\n\n".join(said))
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
