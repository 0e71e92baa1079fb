"""Holds docs/lab.schema.json against the lab files in examples/.

usage: lab_schema.py ROOT

Every example must be valid, and some things that are wrong must not be. Ends with 77 (skipped) where
the modules it needs are missing.
"""

import json
import pathlib
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

WRONG = [
    {},
    {"lab": "l", "namespace": {}},
    {"lab": "l", "namespaces": {"a": {"link": {}}}},
    {"lab": "l", "namespaces": {"a": {"links": {"x": {"peer": {"namespace": "b"}}}}}},
    {"lab": "l", "namespaces": {"a": {"links": {"x": {"impair": {"speed": "1mbit"}}}}}},
    {"lab": "l", "namespaces": {"a": {"routes": [{"via": "10.0.0.1"}]}}},
    {"lab": "l", "namespaces": {"a": {"rules": [{"table": 7}]}}},
    {"lab": "l", "namespaces": {"a": {"sysctls": {"kernel.panic": 1}}}},
    {"lab": "l", "namespaces": {"a": {"run": {"x": "nc"}}}},
]


def main():
    root = pathlib.Path(sys.argv[1])
    schema = json.loads((root / "docs/lab.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    breaches = [f"a wrong lab passes: {lab}" for lab in WRONG if validator.is_valid(lab)]
    examples = sorted((root / "examples").glob("*.yaml"))
    if not examples:
        breaches.append("there are no examples")
    for path in examples:
        for error in validator.iter_errors(yaml.safe_load(path.read_text())):
            breaches.append(f"{path.name}: {'/'.join(map(str, error.path))}: {error.message}")
    print("\n".join(breaches) if breaches else f"{len(examples)} examples keep to the schema")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
