"""The official `stripe` SDK drives the sandbox. Usage: stripe_sdk.py BASE_URL. Exits 0 if everything held."""

import http.server
import io
import json
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import stripe

from sdk_types import MISSING, deviations

SECRET = "whsec_official_sdk"
NEVER_REDIRECT = {"enabled": True, "allow_redirects": "never"}
SECONDS_TO_WAIT = 10


def main(base_url):
    addresses = {"api": base_url, "files": base_url}
    client = stripe.StripeClient("sk_test_official", base_addresses=addresses, max_network_retries=0)
    with Receiver() as receiver:
        steer(base_url, "/_sandbox/webhook_endpoints", {"url": receiver.url, "secret": SECRET})
        for check in CHECKS:
            check(client, base_url, receiver)
            print(f"sdk: {check.__name__}", flush=True)


def a_payment_is_created_confirmed_and_of_the_sdks_types(client, base_url, receiver):
    intent = client.v1.payment_intents.create({
        "amount": 1099, "currency": "eur", "automatic_payment_methods": NEVER_REDIRECT,
        "metadata": {"transaction_id": "pay_sdk"}, "description": "three socks", "receipt_email": "jo@example.com",
        "capture_method": "automatic",
        "shipping": {"name": "Jo", "address": {"line1": "1 Road", "city": "Paris", "country": "FR"}},
    })
    assert intent.status == "requires_payment_method" and intent.client_secret.startswith(intent.id)
    conforms(intent, stripe.PaymentIntent)
    confirmed = client.v1.payment_intents.confirm(intent.id, {
        "payment_method": "pm_card_visa",
        "expand": ["latest_charge.balance_transaction", "payment_method"],
    })
    assert confirmed.status == "succeeded" and confirmed.amount_received == 1099
    booked = confirmed.latest_charge.balance_transaction
    assert confirmed.latest_charge.captured
    assert (booked.amount, booked.currency, booked.exchange_rate, booked.fee, booked.net) == (1187, "usd", 1.08, 64, 1123)
    conforms(client.v1.balance_transactions.retrieve(booked.id), stripe.BalanceTransaction)
    assert confirmed.payment_method.card.last4 == "4242"
    conforms(confirmed, stripe.PaymentIntent)
    conforms(client.v1.charges.retrieve(confirmed.latest_charge.id), stripe.Charge)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    error = raised(stripe.InvalidRequestError, lambda: client.v1.payment_intents.confirm(intent.id, {}))
    assert error.code == "payment_intent_unexpected_state" and error.error.payment_intent.status == "succeeded"
    error = raised(stripe.InvalidRequestError, lambda: client.v1.payment_intents.cancel(intent.id))
    assert error.code == "payment_intent_unexpected_state"


def the_check_of_types_notices_what_is_wrong(client, base_url, receiver):
    good = opened(client).to_dict()
    for wrong, place in [
        ({"amount": "1000"}, "amount"), ({"colour": "red"}, "colour"), ({"livemode": None}, "livemode"),
        ({"next_action": {"type": 1}}, "next_action.type"), ({"status": MISSING}, "status"),
    ]:
        bad = {name: value for name, value in {**good, **wrong}.items() if value is not MISSING}
        found = list(deviations(bad, stripe.PaymentIntent))
        assert len(found) == 1 and f"PaymentIntent.{place} " in found[0], (wrong, found)


def a_decline_is_a_card_error_with_the_intent_inside(client, base_url, receiver):
    intent = opened(client)
    for method, code, decline_code, advice in [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline", "try_again_later"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "try_again_later"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", "do_not_try_again"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "do_not_try_again"),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded", "try_again_later"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "confirm_card_data"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "confirm_card_data"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", "try_again_later"),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline", "try_again_later"),
        ("pm_card_radarBlock", "card_declined", "fraudulent", "do_not_try_again"),
    ]:
        error = raised(stripe.CardError, lambda: client.v1.payment_intents.confirm(intent.id, {"payment_method": method}))
        found = (error.http_status, error.code, error.error.decline_code, error.error.advice_code)
        assert found == (402, code, decline_code, advice), (method, found)
        inside = error.error.payment_intent
        assert (inside.id, inside.status) == (intent.id, "requires_payment_method")
        assert inside.last_payment_error.charge == error.error.charge == inside.latest_charge
        assert inside.payment_method is None
        conforms(inside, stripe.PaymentIntent)
        conforms(client.v1.charges.retrieve(error.error.charge), stripe.Charge)
    assert client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_mastercard"}).status == "succeeded"


def off_session_a_card_that_wants_its_payer_is_declined(client, base_url, receiver):
    intent = opened(client)
    asked = {"payment_method": "pm_card_authenticationRequired", "off_session": True}
    error = raised(stripe.CardError, lambda: client.v1.payment_intents.confirm(intent.id, asked))
    assert error.code == error.error.decline_code == "authentication_required"


def three_d_secure_is_passed_and_failed_on_the_payers_page(client, base_url, receiver):
    for button, status, redirect_status in [
        ("approve", "succeeded", "succeeded"), ("fail", "requires_payment_method", "failed"),
    ]:
        asked = client.v1.payment_intents.create({
            "amount": 500, "currency": "usd", "automatic_payment_methods": {"enabled": True}, "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required", "return_url": "https://shop.example/back?order=1",
        })
        assert asked.status == "requires_action" and asked.next_action.type == "redirect_to_url"
        conforms(asked, stripe.PaymentIntent)
        page = asked.next_action.redirect_to_url.url
        assert "<button" in urllib.request.urlopen(page).read().decode()
        location = pressed(page, button)
        sent_back = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)
        assert sent_back == {
            "order": ["1"], "payment_intent": [asked.id], "payment_intent_client_secret": [asked.client_secret],
            "redirect_status": [redirect_status],
        }, sent_back
        seen = client.v1.payment_intents.retrieve(asked.id, {"expand": ["latest_charge"]})
        assert seen.status == status and seen.next_action is None
        conforms(seen, stripe.PaymentIntent)
        if button == "fail":
            assert seen.last_payment_error.code == "payment_intent_authentication_failure"
        else:
            assert seen.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"


def a_held_payment_is_captured_or_canceled(client, base_url, receiver):
    asked = {"amount": 900, "currency": "eur", "automatic_payment_methods": NEVER_REDIRECT, "capture_method": "manual",
             "confirm": True, "payment_method": "pm_card_visa"}
    held = client.v1.payment_intents.create(asked)
    assert (held.status, held.amount_capturable) == ("requires_capture", 900)
    captured = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 700})
    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 700, 0)
    released = client.v1.payment_intents.cancel(client.v1.payment_intents.create(asked).id, {"cancellation_reason": "duplicate"})
    assert (released.status, released.cancellation_reason) == ("canceled", "duplicate") and released.canceled_at
    conforms(released, stripe.PaymentIntent)
    assert client.v1.payment_intents.cancel(opened(client).id).status == "canceled"


def a_key_replays_and_refuses_another_request(client, base_url, receiver):
    asked = {"amount": 777, "currency": "eur", "automatic_payment_methods": NEVER_REDIRECT}
    once = {"idempotency_key": "sdk-key-1"}
    first = client.v1.payment_intents.create(asked, once)
    second = client.v1.payment_intents.create(asked, once)
    assert first.id == second.id
    headers = lambda found: {name.lower(): value for name, value in found.last_response.headers.items()}
    assert headers(second).get("idempotent-replayed") == "true" and "idempotent-replayed" not in headers(first)
    assert headers(first)["request-id"] != headers(second)["request-id"]
    raised(stripe.IdempotencyError, lambda: client.v1.payment_intents.create({**asked, "amount": 778}, once))
    raised(stripe.IdempotencyError, lambda: client.v1.payment_intents.confirm(first.id, {"payment_method": "pm_card_visa"}, once))


def a_delivered_webhook_is_constructed_by_the_sdk(client, base_url, receiver):
    receiver.forget()
    intent = opened(client)
    client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "sdk-confirm"})
    seen = {}
    while set(seen) != {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"}:
        body, signature = receiver.next()
        event = stripe.Webhook.construct_event(body, signature, SECRET)
        conforms_to_event(event)
        seen[event.type] = event
        raised(stripe.SignatureVerificationError, lambda: stripe.Webhook.construct_event(body + b" ", signature, SECRET))
        raised(stripe.SignatureVerificationError, lambda: stripe.Webhook.construct_event(body, signature, "whsec_other"))
    succeeded = seen["payment_intent.succeeded"]
    assert succeeded.data.object.id == intent.id and succeeded.data.object.status == "succeeded"
    assert succeeded.request.idempotency_key == "sdk-confirm" and succeeded.request.id.startswith("req_")
    assert not succeeded.livemode and succeeded.api_version == stripe.api_version


def a_confirmation_token_is_used_once(client, base_url, receiver):
    token = client.v1.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"})
    conforms(token, stripe.ConfirmationToken)
    assert token.expires_at - token.created == 12 * 60 * 60
    assert client.v1.payment_intents.confirm(opened(client).id, {"confirmation_token": token.id}).status == "succeeded"
    again = opened(client)
    raised(stripe.InvalidRequestError, lambda: client.v1.payment_intents.confirm(again.id, {"confirmation_token": token.id}))
    assert client.v1.payment_intents.retrieve(again.id).status == "requires_payment_method"


def a_card_token_becomes_a_payment_method(client, base_url, receiver):
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    conforms(made, stripe.PaymentMethod)
    conforms(client.v1.payment_methods.retrieve(made.id), stripe.PaymentMethod)
    assert client.v1.payment_intents.confirm(opened(client).id, {"payment_method": made.id}).payment_method == made.id


def a_refund_never_exceeds_the_charge(client, base_url, receiver):
    paid = client.v1.payment_intents.confirm(opened(client).id, {"payment_method": "pm_card_visa"})
    refund = client.v1.refunds.create({"payment_intent": paid.id, "amount": 400, "metadata": {"refund_id": "ref_sdk"}})
    assert refund.status == "succeeded"
    conforms(refund, stripe.Refund)
    error = raised(stripe.InvalidRequestError, lambda: client.v1.refunds.create({"payment_intent": paid.id, "amount": 601}))
    assert error.param == "amount"
    client.v1.refunds.create({"payment_intent": paid.id})
    error = raised(stripe.InvalidRequestError, lambda: client.v1.refunds.create({"payment_intent": paid.id}))
    assert error.code == "charge_already_refunded"
    listed = client.v1.refunds.list({"payment_intent": paid.id, "limit": 1})
    assert [found.amount for found in listed.auto_paging_iter()] == [600, 400]


def a_dispute_is_answered_with_evidence_and_won(client, base_url, receiver):
    receiver.forget()
    dispute = disputed(client, "pm_card_createDispute")
    conforms(dispute, stripe.Dispute)
    assert (dispute.status, dispute.reason, dispute.amount, dispute.metadata.to_dict()) == ("needs_response", "fraudulent", 1000, {})
    error = raised(stripe.InvalidRequestError, lambda: client.v1.refunds.create({"charge": dispute.charge}))
    assert error.code == "charge_disputed"
    receipt = io.BytesIO(b"%PDF-1.7")
    receipt.name = "receipt.pdf"
    file = client.v1.files.create({"purpose": "dispute_evidence", "file": receipt})
    assert (file.filename, file.size, file.type) == ("receipt.pdf", 8, "pdf")
    conforms(file, stripe.File)
    staged = client.v1.disputes.update(dispute.id, {"evidence": {"receipt": file.id}, "submit": False})
    assert (staged.status, staged.evidence.receipt, staged.evidence_details.submission_count) == ("needs_response", file.id, 0)
    sent = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    conforms(sent, stripe.Dispute)
    raised(stripe.InvalidRequestError, lambda: client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Jo"}}))
    kinds = ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"]
    told = events(receiver, [f"charge.dispute.{kind}" for kind in kinds])
    assert all(event.data.object.id == dispute.id for event in told)
    won = client.v1.disputes.retrieve(dispute.id, {"expand": ["charge", "payment_intent"]})
    assert (won.status, won.charge.disputed, won.payment_intent.status) == ("won", True, "succeeded")
    assert [(moved.reporting_category, moved.net) for moved in won.balance_transactions] == [
        ("dispute", -2580), ("dispute_reversal", 2580),
    ]
    conforms(won, stripe.Dispute)


def an_inquiry_is_closed_and_every_state_of_a_dispute_is_of_the_sdks_types(client, base_url, receiver):
    inquiry = disputed(client, "pm_card_createDisputeInquiry")
    assert (inquiry.status, inquiry.is_charge_refundable) == ("warning_needs_response", True)
    conforms(inquiry, stripe.Dispute)
    assert client.v1.disputes.close(inquiry.id).status == "warning_closed"
    for card in ["pm_card_createCe3EligibleDispute", "pm_card_createComplianceDispute"]:
        conforms(disputed(client, card), stripe.Dispute)
    lost = client.v1.disputes.close(disputed(client, "pm_card_createDisputeProductNotReceived").id)
    assert lost.status == "lost"
    for decision, status in [("appealable", "appeal_needs_response"), ("answered", "appeal_under_review"), ("lost", "lost")]:
        steer(base_url, "/_sandbox/disputes/decide", {"disputeId": lost.id, "decision": decision})
        found = client.v1.disputes.retrieve(lost.id)
        assert found.status == status
        conforms(found, stripe.Dispute)


def a_bank_warns_of_fraud(client, base_url, receiver):
    receiver.forget()
    paid = client.v1.payment_intents.confirm(opened(client).id, {"payment_method": "pm_card_createIssuerFraudRecord"})
    [event] = events(receiver, ["radar.early_fraud_warning.created"])
    assert event.data.object.payment_intent == paid.id
    warning = client.v1.radar.early_fraud_warnings.retrieve(event.data.object.id)
    assert warning.actionable and warning.charge == paid.latest_charge
    conforms(warning, stripe.radar.EarlyFraudWarning)
    listed = client.v1.radar.early_fraud_warnings.list({"payment_intent": paid.id})
    assert [found.id for found in listed.auto_paging_iter()] == [warning.id]


def a_bank_debit_waits_for_its_bank(client, base_url, receiver):
    asked = {"amount": 900, "currency": "usd", "automatic_payment_methods": NEVER_REDIRECT, "confirm": True,
             "payment_method": "pm_usBankAccount_processing"}
    for outcome, status in [("succeeded", "succeeded"), ("failed", "requires_payment_method")]:
        pending = client.v1.payment_intents.create(asked)
        assert pending.status == "processing"
        conforms(client.v1.payment_intents.retrieve(pending.id, {"expand": ["latest_charge"]}), stripe.PaymentIntent)
        raised(stripe.InvalidRequestError, lambda: client.v1.payment_intents.cancel(pending.id))
        steer(base_url, "/_sandbox/settle", {"objectId": pending.id, "outcome": outcome})
        assert client.v1.payment_intents.retrieve(pending.id).status == status


def what_stripe_refuses_is_refused(client, base_url, receiver):
    create = client.v1.payment_intents.create
    asked = {"amount": 900, "currency": "eur", "automatic_payment_methods": NEVER_REDIRECT}
    for wrong, code in [
        ({"payment_method_types": ["card"]}, "parameter_unknown"), ({"colour": "red"}, "parameter_unknown"),
        ({"amount": "10.5"}, "parameter_invalid_integer"), ({"amount": 0}, "parameter_invalid_integer"),
        ({"amount": 49}, "amount_too_small"), ({"amount": 1_000_000_000_000}, "amount_too_large"),
        ({"amount": None}, "parameter_missing"), ({"currency": "zzz"}, None), ({"payment_method": "pm_none"}, "resource_missing"),
    ]:
        merged = {name: value for name, value in {**asked, **wrong}.items() if value is not None}
        error = raised(stripe.InvalidRequestError, lambda: create(merged))
        assert (error.http_status, error.code) == (400, code), (wrong, error.http_status, error.code)
    missing = raised(stripe.InvalidRequestError, lambda: client.v1.payment_intents.retrieve("pi_none"))
    assert (missing.http_status, missing.code) == (404, "resource_missing")
    stranger = stripe.StripeClient("sk_live_stranger", base_addresses={"api": base_url}, max_network_retries=0)
    raised(stripe.AuthenticationError, lambda: stranger.v1.balance.retrieve())
    assert client.v1.balance.retrieve().object == "balance"


def a_lost_answer_is_retried_by_the_sdk_and_charges_once(client, base_url, receiver):
    patient = stripe.StripeClient("sk_test_official", base_addresses={"api": base_url}, max_network_retries=2)
    intent = opened(patient)
    steer(base_url, "/_sandbox/faults", {
        "gateway": "stripe", "method": "POST", "path": "/v1/payment_intents/*/confirm", "fault": "reset_after", "times": 1,
    })
    confirmed = patient.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert confirmed.status == "succeeded"
    assert len(patient.v1.charges.list({"payment_intent": intent.id}).data) == 1


CHECKS = [
    a_payment_is_created_confirmed_and_of_the_sdks_types,
    the_check_of_types_notices_what_is_wrong,
    a_decline_is_a_card_error_with_the_intent_inside,
    off_session_a_card_that_wants_its_payer_is_declined,
    three_d_secure_is_passed_and_failed_on_the_payers_page,
    a_held_payment_is_captured_or_canceled,
    a_key_replays_and_refuses_another_request,
    a_delivered_webhook_is_constructed_by_the_sdk,
    a_confirmation_token_is_used_once,
    a_card_token_becomes_a_payment_method,
    a_refund_never_exceeds_the_charge,
    a_dispute_is_answered_with_evidence_and_won,
    an_inquiry_is_closed_and_every_state_of_a_dispute_is_of_the_sdks_types,
    a_bank_warns_of_fraud,
    a_bank_debit_waits_for_its_bank,
    what_stripe_refuses_is_refused,
    a_lost_answer_is_retried_by_the_sdk_and_charges_once,
]


def opened(client):
    return client.v1.payment_intents.create({"amount": 1000, "currency": "eur", "automatic_payment_methods": NEVER_REDIRECT})


def disputed(client, method):
    """The dispute of a new payment, once its bank has opened it."""
    paid = client.v1.payment_intents.confirm(opened(client).id, {"payment_method": method})
    for _ in range(SECONDS_TO_WAIT * 100):
        found = client.v1.disputes.list({"payment_intent": paid.id}).data
        if found:
            return found[0]
        time.sleep(0.01)
    raise AssertionError(f"{paid.id} was not disputed")


def events(receiver, kinds):
    """The first event of each of these types, in their order, each of the SDK's types."""
    seen = {}
    while not all(kind in seen for kind in kinds):
        event = stripe.Webhook.construct_event(*receiver.next(), SECRET)
        conforms_to_event(event)
        seen.setdefault(event.type, event)
    return [seen[kind] for kind in kinds]


def conforms(found, cls):
    wrong = list(deviations(found, cls))
    assert not wrong, "\n".join(wrong)


def conforms_to_event(event):
    # `data.object` has a class of its own, by its `object`.
    classes = {"payment_intent": stripe.PaymentIntent, "charge": stripe.Charge, "dispute": stripe.Dispute,
               "radar.early_fraud_warning": stripe.radar.EarlyFraudWarning}
    conforms(event.data.object, classes[event.data.object.object])
    missing = [name for name in ("id", "object", "api_version", "created", "livemode", "pending_webhooks", "request", "type")
               if name not in event]
    assert not missing, missing


def raised(kind, what):
    try:
        what()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def steer(base_url, path, body):
    request = urllib.request.Request(base_url + path, json.dumps(body).encode(), method="POST")
    return urllib.request.urlopen(request, timeout=SECONDS_TO_WAIT).read()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def pressed(page, button):
    """Where the browser is sent after the payer pressed this button."""
    form = urllib.parse.urlencode({"decision": button}).encode()
    try:
        urllib.request.build_opener(NoRedirect).open(page, form, timeout=SECONDS_TO_WAIT)
    except urllib.error.HTTPError as answer:
        assert answer.status == 303, answer.status
        return answer.headers["Location"]
    raise AssertionError("the page did not send the payer back")


class Receiver:
    """A merchant's webhook endpoint."""

    def __enter__(self):
        self.bodies = bodies = queue.Queue(maxsize=10_000)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                bodies.put((body, self.headers["Stripe-Signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def next(self):
        return self.bodies.get(timeout=SECONDS_TO_WAIT)

    def forget(self):
        """Waits until nothing more is on its way."""
        while True:
            try:
                self.bodies.get(timeout=0.5)
            except queue.Empty:
                return


if __name__ == "__main__":
    main(sys.argv[1])
