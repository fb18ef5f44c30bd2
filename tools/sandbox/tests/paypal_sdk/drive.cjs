// The official `@paypal/paypal-server-sdk` drives the sandbox. Usage: drive.cjs BASE_URL FOLDER, where FOLDER holds
// node_modules. Exits 0 if everything held.
//
// The SDK knows no hosts but PayPal's, so its connections are led to loopback. It checks every answer against its own
// schema and throws at what breaks it; and every answer, read by the SDK and written again, must be what was sent: a
// field that PayPal does not have would be lost on the way.

"use strict";

const assert = require("node:assert/strict");
const http = require("node:http");
const https = require("node:https");
const path = require("node:path");

const [baseUrl, folder] = process.argv.slice(2);
const sdkFolder = path.join(folder, "node_modules/@paypal/paypal-server-sdk/dist/cjs");
const sdk = require(path.join(sdkFolder, "index.js"));
const { validateAndMap, validateAndUnmap } = require(path.join(folder, "node_modules/@apimatic/schema/lib/index.js"));
const schemas = Object.fromEntries([
  ["order", "orderSchema"],
  ["orderAuthorizeResponse", "orderAuthorizeResponseSchema"],
  ["capturedPayment", "capturedPaymentSchema"],
  ["paymentAuthorization", "paymentAuthorizationSchema"],
  ["refund", "refundSchema"],
].map(([file, name]) => [file, require(path.join(sdkFolder, "models", `${file}.js`))[name]]));

const { hostname, port } = new URL(baseUrl);
https.request = (options, callback) => {
  assert.equal(options.hostname ?? options.host, "api-m.sandbox.paypal.com");
  const local = { protocol: "http:", hostname, host: hostname, port, agent: http.globalAgent, servername: undefined };
  return http.request({ ...options, ...local }, callback);
};

const client = new sdk.Client({
  clientCredentialsAuthCredentials: { oAuthClientId: "sandbox-official-sdk", oAuthClientSecret: "secret" },
  environment: sdk.Environment.Sandbox,
  timeout: 10_000,
});
const orders = new sdk.OrdersController(client);
const payments = new sdk.PaymentsController(client);
const WHOLE = "return=representation";
let count = 0;

async function main() {
  for (const check of CHECKS) {
    await check();
    console.log(`sdk: ${check.name}`);
  }
}

async function an_order_is_created_approved_captured_and_refunded() {
  const id = await ordered("CAPTURE", "10.99");
  const open = (await fetched("order", orders.getOrder({ id }))).result;
  assert.equal(open.status, "PAYER_ACTION_REQUIRED");
  const page = open.links.find((link) => link.rel === "payer-action").href;
  const sentBack = await fetch(page, { method: "POST", body: new URLSearchParams({ decision: "approve" }), redirect: "manual" });
  assert.equal(sentBack.status, 303);
  const back = new URL(sentBack.headers.get("location"));
  assert.equal(back.searchParams.get("token"), id);
  assert.ok(back.searchParams.get("PayerID"));
  const approved = (await fetched("order", orders.getOrder({ id }))).result;
  assert.deepEqual([approved.status, approved.payer.payerId], ["APPROVED", back.searchParams.get("PayerID")]);

  const request = { id, paypalRequestId: key() };
  const captured = await fetched("order", orders.captureOrder(request));
  assert.deepEqual([captured.statusCode, captured.result.status], [201, "COMPLETED"]);
  const [capture] = captured.result.purchaseUnits[0].payments.captures;
  assert.deepEqual([capture.status, capture.finalCapture, capture.amount.value], ["COMPLETED", true, "10.99"]);
  const again = await fetched("order", orders.captureOrder(request));
  assert.deepEqual([again.statusCode, again.result.purchaseUnits[0].payments.captures[0].id], [200, capture.id]);

  const part = { currencyCode: "EUR", value: "0.99" };
  const refunded = await fetched("refund", payments.refundCapturedPayment({
    captureId: capture.id, prefer: WHOLE, paypalRequestId: key(),
    body: { amount: part, customId: "ref_1", invoiceId: key(), noteToPayer: "sorry" },
  }));
  assert.deepEqual([refunded.statusCode, refunded.result.status, refunded.result.customId], [201, "COMPLETED", "ref_1"]);
  const seen = (await fetched("refund", payments.getRefund({ refundId: refunded.result.id }))).result;
  assert.equal(seen.sellerPayableBreakdown.totalRefundedAmount.value, "0.99");
  await fetched("refund", payments.refundCapturedPayment({ captureId: capture.id, paypalRequestId: key() }));
  const empty = (await fetched("capturedPayment", payments.getCapturedPayment({ captureId: capture.id }))).result;
  assert.equal(empty.status, "REFUNDED");
  await refused(422, "CAPTURE_FULLY_REFUNDED", payments.refundCapturedPayment({ captureId: capture.id }));
  await refused(422, "ORDER_ALREADY_CAPTURED", orders.captureOrder({ id }));
}

async function a_hold_is_captured_in_parts_and_another_is_voided() {
  const hold = async () => {
    const id = await ordered("AUTHORIZE", "20.00");
    await approve(id);
    const authorized = await fetched("orderAuthorizeResponse", orders.authorizeOrder({ id, prefer: WHOLE }));
    return authorized.result.purchaseUnits[0].payments.authorizations[0].id;
  };
  const [taken, released] = [await hold(), await hold()];
  const amount = { currencyCode: "EUR", value: "5.00" };
  const part = payments.captureAuthorizedPayment({
    authorizationId: taken, prefer: WHOLE, body: { amount, finalCapture: false },
  });
  assert.equal((await fetched("capturedPayment", part)).result.finalCapture, false);
  const held = await fetched("paymentAuthorization", payments.getAuthorizedPayment({ authorizationId: taken }));
  assert.equal(held.result.status, "PARTIALLY_CAPTURED");
  await fetched("capturedPayment", payments.captureAuthorizedPayment({ authorizationId: taken, body: { finalCapture: true } }));
  const voided = payments.voidPayment({ authorizationId: released, prefer: WHOLE });
  assert.equal((await fetched("paymentAuthorization", voided)).result.status, "VOIDED");
  const silent = await payments.voidPayment({ authorizationId: await hold() });
  assert.deepEqual([silent.statusCode, silent.body], [204, ""]);
  await refused(422, "PREVIOUSLY_VOIDED", payments.voidPayment({ authorizationId: released }));
}

async function every_ending_of_a_capture_is_of_the_sdks_types() {
  for (const [fate, status] of [
    ["completed", "COMPLETED"], ["echeck", "PENDING"], ["pending_review", "PENDING"], ["declined", "DECLINED"], ["failed", "FAILED"],
  ]) {
    const id = await ordered("CAPTURE", "3.00", "USD");
    await approve(id, { capture: fate });
    const captured = (await fetched("order", orders.captureOrder({ id, prefer: WHOLE }))).result;
    assert.deepEqual([captured.status, captured.purchaseUnits[0].payments.captures[0].status], ["COMPLETED", status]);
  }
}

async function a_declined_card_is_a_completed_order_with_a_declined_capture() {
  const card = { number: "4012888888881881", expiry: "2040-01", securityCode: "123", name: "CCREJECT-IF" };
  const body = { ...wanted("CAPTURE", "3.00"), paymentSource: { card } };
  const made = (await fetched("order", orders.createOrder({ body, prefer: WHOLE, paypalRequestId: key() }))).result;
  const [capture] = made.purchaseUnits[0].payments.captures;
  assert.deepEqual([made.status, capture.status, capture.processorResponse.responseCode], ["COMPLETED", "DECLINED", "5120"]);
  await refused(400, "PAYPAL_REQUEST_ID_REQUIRED", orders.createOrder({ body }));
}

async function what_paypal_refuses_is_refused_in_its_shape() {
  await refused(404, "INVALID_RESOURCE_ID", orders.getOrder({ id: "5O190127TN364715T" }));
  await refused(422, "DECIMALS_NOT_SUPPORTED", orders.createOrder({ body: wanted("CAPTURE", "10.50", "JPY") }));
  await refused(422, "INVALID_CURRENCY_CODE", orders.createOrder({ body: wanted("CAPTURE", "10.50", "KWD") }));
  const id = await ordered("CAPTURE", "3.00");
  await refused(422, "ORDER_NOT_APPROVED", orders.captureOrder({ id }));
  const paypalMockResponse = JSON.stringify({ mock_application_codes: "INSTRUMENT_DECLINED" });
  await refused(422, "INSTRUMENT_DECLINED", orders.captureOrder({ id, paypalMockResponse }));
}

async function a_stranger_gets_no_token() {
  const stranger = new sdk.Client({
    clientCredentialsAuthCredentials: { oAuthClientId: "live-client", oAuthClientSecret: "secret" },
    environment: sdk.Environment.Sandbox,
  });
  const error = await raised(new sdk.OAuthAuthorizationController(stranger).requestToken({
    authorization: `Basic ${Buffer.from("live-client:secret").toString("base64")}`,
  }));
  assert.deepEqual([error.statusCode, error.result.error], [401, "invalid_client"]);
}

async function the_check_of_answers_notices_what_is_wrong() {
  const good = { id: "1", status: "COMPLETED", links: [] };
  assert.equal(lost("refund", good), undefined);
  assert.ok(lost("refund", { ...good, colour: "red" }));
  assert.ok(lost("refund", { ...good, seller_payable_breakdown: { gross: {} } }));
}

const CHECKS = [
  an_order_is_created_approved_captured_and_refunded,
  a_hold_is_captured_in_parts_and_another_is_voided,
  every_ending_of_a_capture_is_of_the_sdks_types,
  a_declined_card_is_a_completed_order_with_a_declined_capture,
  what_paypal_refuses_is_refused_in_its_shape,
  a_stranger_gets_no_token,
  the_check_of_answers_notices_what_is_wrong,
];

function key() {
  count += 1;
  return `sdk-${count}`;
}

function wanted(intent, value, currencyCode = "EUR") {
  const unit = { amount: { currencyCode, value }, customId: "pay_sdk", invoiceId: key(), description: "three socks" };
  const experienceContext = { returnUrl: "https://shop.example/done", cancelUrl: "https://shop.example/back" };
  return { intent, purchaseUnits: [unit], paymentSource: { paypal: { experienceContext } } };
}

async function ordered(intent, value, currencyCode) {
  const body = wanted(intent, value, currencyCode);
  const made = await fetched("order", orders.createOrder({ body, paypalRequestId: key() }));
  assert.equal(made.statusCode, 201);
  return made.result.id;
}

async function approve(objectId, more = {}) {
  const body = JSON.stringify({ objectId, decision: "approve", ...more });
  assert.equal((await fetch(`${baseUrl}/_sandbox/payer/decide`, { method: "POST", body })).status, 200);
}

/** The answer, once it is certain that the SDK understood all of it. */
async function fetched(schema, call) {
  const answer = await call;
  assert.ok(answer.headers["paypal-debug-id"]);
  assert.equal(lost(schema, JSON.parse(answer.body)), undefined, answer.body);
  return answer;
}

/** What went wrong when this was read by the SDK's schema and written again. */
function lost(schema, sent) {
  const read = validateAndMap(sent, schemas[schema]);
  if (read.errors) return read.errors;
  const written = validateAndUnmap(read.result, schemas[schema]);
  if (written.errors) return written.errors;
  try {
    assert.deepEqual(JSON.parse(JSON.stringify(written.result)), sent);
    return undefined;
  } catch (difference) {
    return difference;
  }
}

async function refused(statusCode, issue, call) {
  const error = await raised(call);
  assert.ok(error instanceof sdk.CustomError, String(error));
  assert.deepEqual([error.statusCode, error.result.details[0].issue], [statusCode, issue]);
  assert.ok(error.result.name && error.result.message && error.result.debug_id);
}

async function raised(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
