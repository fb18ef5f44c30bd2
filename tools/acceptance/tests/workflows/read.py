"""Reads the YAML files that are named, GitHub's and CloudFormation's alike, and writes one JSON object: path to document."""

import json
import sys

from samtranslator.yaml_helper import yaml_parse


def document(path):
    with open(path, encoding="utf-8") as file:
        return yaml_parse(file.read())


json.dump({path: document(path) for path in sys.argv[1:]}, sys.stdout)
