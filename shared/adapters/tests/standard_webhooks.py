"""The official `standardwebhooks` library judges what we signed. Reads cases from the standard input as JSON,
`[{name, secret, headers, body}]` (the body in base64, because it is bytes), and writes for each what the library says:
`{name: "good" | "<its error>"}`. With `at` in place of headers, the library signs: `{name: "<signature>"}`."""

import base64
import json
import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError


def main():
    verdicts = {case["name"]: verdict(case) for case in json.load(sys.stdin)}
    json.dump(verdicts, sys.stdout)


def verdict(case):
    webhook = Webhook(case["secret"])
    body = base64.b64decode(case["body"])
    if "at" in case:
        return webhook.sign(case["id"], datetime.fromtimestamp(case["at"], tz=timezone.utc), body.decode())
    try:
        webhook.verify(body, case["headers"])
    except WebhookVerificationError as error:
        return str(error)
    return "good"


if __name__ == "__main__":
    main()
