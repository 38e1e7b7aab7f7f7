#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks every line of a file of JSON lines against a JSON Schema; prints what is invalid and exits with 1.

    json_lines.py [--every] SCHEMA FILE

--every: each kind of line and each key that the schema names has to be in the file as well.
"""
import json
import sys

import jsonschema


class Seen:
    """Records which properties of a schema a file has, by following the schema along the values."""

    def __init__(self, schema):
        self.schema = schema
        self.properties = set()

    def named(self, schema):
        while "$ref" in schema:
            schema = self.schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def walk(self, schema, value):
        schema = self.named(schema)
        for choice in schema.get("oneOf", []):
            if jsonschema.Draft202012Validator({**choice, "$defs": self.schema["$defs"]}).is_valid(value):
                self.walk(choice, value)
        if isinstance(value, dict):
            for key, one in schema.get("properties", {}).items():
                if key in value:
                    self.properties.add((id(schema), key))
                    self.walk(one, value[key])
            for one in schema.get("patternProperties", {}).values():
                for each in value.values():
                    self.walk(one, each)
        if isinstance(value, list) and "items" in schema:
            for each in value:
                self.walk(schema["items"], each)

    def missing(self):
        return [f"{name}.{key}" for name, one in self.schema["$defs"].items() for key in one.get("properties", {})
                if (id(one), key) not in self.properties]


def complaint(schema, line):
    """Returns why the line is invalid, compared with the one kind that it claims to be."""
    for choice in schema["oneOf"]:
        one = {**choice, "$defs": schema["$defs"]}
        kind = schema["$defs"][choice["$ref"].rsplit("/", 1)[1]]
        marks = {key: value["const"] for key, value in kind["properties"].items() if "const" in value}
        if all(line.get(key) == value for key, value in marks.items()):
            error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(one).iter_errors(line))
            return f"{error.json_path}: {error.message}" if error else "fits, but others do so too"
    return "is of no kind that the schema has"


def main(arguments):
    every = "--every" in arguments
    schema_file, lines_file = [each for each in arguments if each != "--every"]
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    seen = Seen(schema)
    bad = 0
    with open(lines_file, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for number, line in enumerate(lines, 1):
        if not validator.is_valid(line):
            print(f"line {number} ({line.get('event') or line.get('report')}): {complaint(schema, line)}")
            bad += 1
        elif every:
            seen.walk(schema, line)
    if not lines:
        print("no line")
        bad += 1
    missing = seen.missing() if every else []
    for name in missing:
        print(f"{name} is in no line")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
