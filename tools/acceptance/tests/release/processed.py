"""SAM's own translator makes the stack out of template.yaml, as AWS does at a deploy. Reads `{"template": "<path>", "stacks": {"<name>":
{"<parameter>": "<value>"}}}` from the standard input as JSON and writes for each name the template that comes of it."""

import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
# It warns of its own doings; what is wrong with the template it raises.
logging.disable(logging.WARNING)

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402


class NoManagedPolicies:
    """The template names none, and nobody is asked for them."""

    def load(self):
        return {}


def main():
    asked = json.load(sys.stdin)
    with open(asked["template"], encoding="utf-8") as file:
        text = file.read()
    json.dump({name: processed(text, parameters) for name, parameters in asked["stacks"].items()}, sys.stdout)


def processed(text, parameters):
    template = yaml_parse(text)
    del template["Globals"]["Function"]["CodeUri"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            # Where `sam deploy` will have put it.
            resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": name}
    return transform(template, parameters, NoManagedPolicies())


main()
