//! PayPal's test cards: any number, and a cardholder whose name says what the processor answers. The number is looked at
//! once and never kept.

use serde_json::Value;

use super::{
    error::PaypalError,
    objects::{Answer, Card},
};

/// The triggers of PayPal's page on card testing; without one the card pays.
#[rustfmt::skip] // A table is read by its columns.
static ANSWERS: &[Answer] = &[
    Answer { trigger: "CCREJECT-REFUSED",    response_code: "0500", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-SF",         response_code: "9500", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-EC",         response_code: "5400", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-IRC",        response_code: "5180", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-IF",         response_code: "5120", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-LS",         response_code: "9520", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-IA",         response_code: "1330", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-BANK_ERROR", response_code: "5100", avs_code: "Y", cvv_code: "M" },
    Answer { trigger: "CCREJECT-CVV_F",      response_code: "00N7", avs_code: "G", cvv_code: "P" },
];

/// The names of the cards that decline, and what their processor says.
pub(crate) fn declining() -> impl Iterator<Item = (&'static str, &'static str)> {
    ANSWERS.iter().map(|answer| (answer.trigger, answer.response_code))
}

/// What the processor says of the card with this name on it; none if it is not one of those that decline.
pub(crate) fn answer(name: &str) -> Option<&'static Answer> {
    ANSWERS.iter().find(|answer| answer.trigger == name)
}

static APPROVAL: Answer = Answer { trigger: "", response_code: "0000", avs_code: "Y", cvv_code: "M" };

/// Which first digits belong to which network; enough for test cards.
const BRANDS: &[(&str, &str)] =
    &[("4", "VISA"), ("5", "MASTERCARD"), ("2", "MASTERCARD"), ("34", "AMEX"), ("37", "AMEX")];

/// What is remembered of the card in `payment_source.card`, whose fields are known to be of their shapes.
pub(super) fn presented(card: &Value, pointer: &str) -> Result<Card, PaypalError> {
    let text = |name: &str| card.get(name).and_then(Value::as_str);
    let missing = |issue: &str, name: &str| PaypalError::issue(issue).field(&format!("{pointer}/{name}"), "");
    let number = text("number").ok_or_else(|| missing("CARD_NUMBER_REQUIRED", "number"))?;
    let expiry = text("expiry").ok_or_else(|| missing("CARD_EXPIRY_REQUIRED", "expiry"))?;
    if !(12..=19).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(missing("INVALID_PARAMETER_VALUE", "number"));
    }
    if !is_year_and_month(expiry) {
        return Err(missing("INVALID_PARAMETER_SYNTAX", "expiry"));
    }
    let name = text("name");
    let said = name.and_then(answer).unwrap_or(&APPROVAL);
    let brand = BRANDS.iter().find(|(digits, _)| number.starts_with(digits)).map_or("DISCOVER", |(_, brand)| brand);
    Ok(Card {
        name: name.map(str::to_owned),
        last_digits: number.get(number.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
        brand,
        expiry: Some(expiry.to_owned()),
        answer: said,
    })
}

fn is_year_and_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    let month_fits = month.parse::<u32>().is_ok_and(|month| (1..=12).contains(&month));
    year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) && month.len() == 2 && month_fits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_cardholders_name_decides_and_the_number_is_forgotten() {
        for (name, code) in [("CCREJECT-IF", "5120"), ("CCREJECT-CVV_F", "00N7"), ("Jo Doe", "0000")] {
            let card = json!({"number": "4012888888881881", "expiry": "2040-02", "name": name});
            let card = presented(&card, "/card").unwrap();
            assert_eq!((card.answer.response_code, card.brand, &*card.last_digits), (code, "VISA", "1881"));
            assert!(!format!("{card:?}").contains("401288"));
        }
    }

    #[test]
    fn a_card_without_a_number_or_a_date_is_refused() {
        for card in [
            json!({"expiry": "2040-02"}),
            json!({"number": "4012888888881881"}),
            json!({"number": "4012", "expiry": "2040-02"}),
            json!({"number": "4012888888881881", "expiry": "2040-13"}),
            json!({"number": "4012888888881881", "expiry": "02/40"}),
        ] {
            assert_eq!(presented(&card, "/card").unwrap_err().status / 100, 4, "{card}");
        }
    }
}
