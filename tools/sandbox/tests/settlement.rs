//! What reaches the merchant: balance transactions in the currency of the account, with rates and fees.

mod caller;

use caller::{Answer, Caller, merchant::Merchant};
use sandbox::{Config, Settlement};
use serde_json::{Value, json};

const NOW: &str = "&capture_method=automatic&expand[]=latest_charge.balance_transaction";

/// The fields of a balance transaction that say how much.
fn sums(movement: &Value) -> Value {
    let fields = ["amount", "currency", "exchange_rate", "fee", "net"];
    fields.iter().map(|name| movement[*name].clone()).collect()
}

fn of_charge(intent: &Answer) -> Value {
    intent.at("latest_charge.balance_transaction")
}

async fn paid_in(caller: &Caller, amount: u32, currency: &str) -> Answer {
    let methods =
        "automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never&confirm=true";
    let form = format!("amount={amount}&currency={currency}&{methods}&payment_method=pm_card_visa{NOW}");
    caller.post("/v1/payment_intents", &form).await
}

#[tokio::test]
async fn a_charge_is_booked_in_the_accounts_currency_with_its_rate_and_fee() {
    let caller = Caller::start().await;
    for (amount, currency, expected) in [
        (1_000, "usd", json!([1_000, "usd", null, 59, 941])),
        (1_000, "eur", json!([1_080, "usd", 1.08, 61, 1_019])),
        (1_000, "jpy", json!([650, "usd", 0.65, 49, 601])),
        (10_000, "kwd", json!([3_250, "usd", 0.325, 124, 3_126])),
    ] {
        let booked = of_charge(&paid_in(&caller, amount, currency).await);
        assert_eq!(sums(&booked), expected, "{currency}");
        assert_eq!(booked["fee_details"][0]["amount"], booked["fee"]);
        let again = caller.get(&format!("/v1/balance_transactions/{}", booked["id"].as_str().unwrap())).await;
        assert_eq!(again.json(), booked);
    }
    let four = 941 + 1_019 + 601 + 3_126;
    assert_eq!(caller.get("/v1/balance").await.json()["pending"][0]["amount"], four);
    assert_eq!(caller.get("/v1/balance_transactions/txn_none").await.status, 404);
}

#[tokio::test]
async fn the_account_is_kept_in_what_it_is_told() {
    let terms = Settlement { currency: "eur".to_owned(), fee_per_ten_thousand: 150, fee_fixed: 25, dispute_fee: 2_000 };
    let caller = Caller::with(Config { stripe_settlement: terms, ..Config::default() }).await;
    assert_eq!(sums(&of_charge(&paid_in(&caller, 1_000, "eur").await)), json!([1_000, "eur", null, 40, 960]));
    let dollars = of_charge(&paid_in(&caller, 1_000, "usd").await);
    assert_eq!(sums(&dollars), json!([926, "eur", 0.925_925_926, 39, 887]));
    assert_eq!(caller.get("/v1/account").await.at("default_currency"), "eur");
}

#[tokio::test]
async fn what_is_captured_asynchronously_is_booked_later() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    let paid = caller.paid_with("pm_card_visa", "&expand[]=latest_charge").await;
    assert_eq!((paid.at("capture_method"), of_charge(&paid)), (json!("automatic_async"), Value::Null));
    let booked = merchant.told("charge.updated").await["data"]["object"]["balance_transaction"].clone();
    let id = paid.at("latest_charge.id");
    let charge = caller.get(&format!("/v1/charges/{}", id.as_str().unwrap())).await;
    assert_eq!((charge.at("balance_transaction"), booked.is_string()), (booked, true));
    assert_eq!(merchant.told("charge.succeeded").await["data"]["object"]["balance_transaction"], Value::Null);
}

#[tokio::test]
async fn a_part_that_is_captured_is_what_is_booked() {
    let caller = Caller::start().await;
    let held = caller.authorized("pay_1").await;
    let charge = caller.get(&format!("/v1/charges?payment_intent={held}")).await.json()["data"][0].clone();
    assert_eq!(charge["balance_transaction"], Value::Null, "a hold moves nothing");
    let form = "amount_to_capture=700&expand[]=latest_charge.balance_transaction";
    let captured = caller.post(&format!("/v1/payment_intents/{held}/capture"), form).await;
    assert_eq!(sums(&of_charge(&captured)), json!([756, "usd", 1.08, 52, 704]));
}

#[tokio::test]
async fn what_is_not_asked_for_is_told_by_its_name_and_asking_otherwise_is_another_request() {
    let caller = Caller::start().await;
    let held = caller.authorized("pay_1").await;
    let path = format!("/v1/payment_intents/{held}/capture");
    let whole = "amount_to_capture=700&expand[]=latest_charge.balance_transaction";
    let first = caller.post_with_key(&path, whole, "capture-1").await;
    assert!(of_charge(&first)["id"].is_string(), "{first:?}");
    let again = caller.post_with_key(&path, whole, "capture-1").await;
    assert_eq!((again.header("idempotent-replayed"), of_charge(&again)), (Some("true"), of_charge(&first)));
    let otherwise = caller.post_with_key(&path, "amount_to_capture=700", "capture-1").await;
    assert_eq!((otherwise.status, otherwise.at("error.type")), (400, json!("idempotency_error")));
    let named = caller.get(&format!("/v1/payment_intents/{held}")).await;
    assert!(named.at("latest_charge").is_string(), "{named:?}");
    let charge = caller.get(&format!("/v1/payment_intents/{held}?expand[]=latest_charge")).await;
    assert_eq!(of_charge(&charge), of_charge(&first)["id"]);
}

#[tokio::test]
async fn a_refund_is_booked_and_taken_back_when_it_fails() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    let paid = caller.paid_with("pm_card_refundFail", "&capture_method=automatic").await;
    let intent = paid.at("id").as_str().unwrap().to_owned();
    let form = format!("payment_intent={intent}&amount=400&expand[]=balance_transaction");
    let refund = caller.post("/v1/refunds", &form).await;
    assert_eq!(sums(&refund.at("balance_transaction")), json!([-432, "usd", 1.08, 0, -432]));
    assert_eq!(refund.at("balance_transaction.type"), "refund");
    merchant.told("refund.failed").await;
    let id = refund.at("id").as_str().unwrap().to_owned();
    let failed = caller.get(&format!("/v1/refunds/{id}?expand[]=failure_balance_transaction")).await;
    let back = failed.at("failure_balance_transaction");
    assert_eq!((sums(&back), &back["type"]), (json!([432, "usd", 1.08, 0, 432]), &json!("refund_failure")));
    let list = caller.get(&format!("/v1/balance_transactions?source={id}")).await.json();
    let kinds: Vec<&Value> = list["data"].as_array().unwrap().iter().map(|movement| &movement["type"]).collect();
    assert_eq!(kinds, ["refund_failure", "refund"]);
}

#[tokio::test]
async fn an_amount_that_its_currency_cannot_have_is_refused() {
    let caller = Caller::start().await;
    for (amount, currency) in [(12_345, "kwd"), (1_050, "isk"), (100_001, "ugx")] {
        let refused = paid_in(&caller, amount, currency).await;
        assert_eq!((refused.status, refused.at("error.code")), (400, json!("parameter_invalid_integer")), "{currency}");
    }
}
