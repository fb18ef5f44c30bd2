"""CycloneDX's own library judges our bills of materials. Reads `{"<function>": "<bill>"}` from the standard input as JSON and
writes for each what the specification's schema says: `{"<function>": "good" | "<the first error>"}`."""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main():
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    bills = json.load(sys.stdin)
    json.dump({name: verdict(validator, bill) for name, bill in bills.items()}, sys.stdout)


def verdict(validator, bill):
    error = validator.validate_str(bill)
    return "good" if error is None else str(error)[:500]


main()
