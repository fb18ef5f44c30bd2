//! What merchants really put into requests and what is no card number, each kind as it is made: with its check digits, its prefixes
//! and in the ways in which people write it.

use super::dice::Dice;

/// A kind of text, and how one is made.
pub(super) type Kind = (&'static str, fn(&mut Dice) -> String);

pub(super) const KINDS: [Kind; 40] = [
    ("UUID, version 4", uuid_4),
    ("UUID, version 7", uuid_7),
    ("UUID in capitals", |dice| uuid_4(dice).to_uppercase()),
    ("UUID without dashes", |dice| uuid_4(dice).replace('-', "")),
    ("UUID with a prefix and a number", |dice| format!("order_{}-{}", uuid_4(dice), dice.digits(4))),
    ("ULID", |dice| format!("01{}", dice.word(CROCKFORD, 24))),
    ("our payments", |dice| format!("pay_{}", dice.word(BASE_32, 26))),
    ("our events", |dice| format!("evt_pay_{}_{}", dice.word(BASE_32, 26), dice.between(1, 40))),
    ("our endpoints", |dice| format!("whe_{}", dice.word(BASE_32, 26))),
    ("our refunds", |dice| format!("ref_{}", dice.word(BASE_32, 26))),
    ("Stripe's PaymentIntents", |dice| format!("pi_3{}", dice.word(BASE_62, 23))),
    ("Stripe's other ids", |dice| {
        let prefix = *dice.one_of(&["ch_3", "re_3", "pm_1", "evt_1", "du_1", "txn_3", "cus_", "py_3", "seti_1"]);
        let length = if prefix == "cus_" { 14 } else { 23 };
        format!("{prefix}{}", dice.word(BASE_62, length))
    }),
    ("PayPal's orders and captures", |dice| {
        let pattern = *dice.one_of(&PAYPAL);
        dice.fill(pattern)
    }),
    ("PayPal's disputes, webhooks and events", |dice| {
        let pattern = *dice.one_of(&[
            "PP-R-AAA-########",
            "PP-D-#####",
            "WH-*****************-*****************",
            "I-************",
        ]);
        dice.fill(pattern)
    }),
    ("telephone, E.164", |dice| telephone(dice).0),
    ("telephone, E.164 in groups", |dice| telephone(dice).1),
    ("telephone, as in its country", |dice| {
        let pattern = *dice.one_of(&NATIONAL);
        dice.fill(pattern)
    }),
    ("telephone, abroad without +", |dice| {
        let number = telephone(dice).0.replace('+', "");
        if dice.below(2) == 0 { format!("00{number}") } else { number }
    }),
    ("IBAN", iban),
    ("IBAN in groups", |dice| in_groups(&iban(dice))),
    ("RFC 3339", rfc_3339),
    ("seconds since 1970", |dice| moment(dice).to_string()),
    ("milliseconds since 1970", |dice| format!("{}{}", moment(dice), dice.digits(3))),
    ("microseconds since 1970", |dice| format!("{}{}", moment(dice), dice.digits(6))),
    ("nanoseconds since 1970", |dice| format!("{}{}", moment(dice), dice.digits(9))),
    ("dates as people write them", date),
    ("order numbers with a prefix", |dice| {
        let prefix = *dice.one_of(&["ORD-", "order-", "PO", "SO-", "#", "R", "B2B-", "WEB", "Bestellung "]);
        let length = dice.between(4, 12);
        format!("{prefix}{}", dice.digits(usize::try_from(length).unwrap()))
    }),
    ("order numbers with a date", |dice| {
        let day = day(dice);
        let number = dice.digits(6);
        let [year, month, day] = [&day[..4], &day[5..7], &day[8..]];
        match dice.below(4) {
            0 => format!("{year}-{number}"),
            1 => format!("ORD-{year}{month}{day}-{number}"),
            2 => format!("{year}{month}{day}-{}", &number[..4]),
            _ => format!("RE/{year}/{month}/{number}"),
        }
    }),
    ("orders of shops and markets", |dice| {
        let pattern = *dice.one_of(&[
            "gid://shopify/Order/5############",
            "6############",
            AMAZON,
            "##-#####-#####",
            "1000######",
        ]);
        let market = *dice.one_of(&[
            "111", "112", "113", "114", "171", "202", "203", "204", "205", "206", "302", "303", "304", "305", "306",
            "402", "403", "404", "405", "406", "407", "408",
        ]);
        dice.fill(pattern).replace("MKT", market)
    }),
    ("EAN-13", |dice| {
        let prefix = *dice.one_of(&GS1);
        let rest = dice.digits(12 - prefix.len());
        with_gtin_check(&format!("{prefix}{rest}"))
    }),
    ("ISBN", |dice| {
        let number = with_gtin_check(&format!("97{}{}", dice.one_of(&["8", "9"]), dice.digits(9)));
        let apart = |at: [usize; 4]| {
            format!(
                "{}-{}-{}-{}-{}",
                &number[..3],
                &number[3..at[0]],
                &number[at[0]..at[1]],
                &number[at[1]..12],
                &number[12..]
            )
        };
        match dice.below(3) {
            0 => number.clone(),
            1 => apart([4, 8, 12, 13]),
            _ => apart([4, 6, 12, 13]),
        }
    }),
    ("GTIN-14 and UPC", |dice| {
        let (indicator, product) = (dice.between(1, 8), dice.digits(11));
        if dice.below(2) == 0 {
            return with_gtin_check(&product);
        }
        with_gtin_check(&format!("{indicator}{}{}", dice.one_of(&GS1), &dice.digits(9)))
    }),
    ("amounts", |dice| {
        let (whole, rest) = (dice.between(0, 9_999_999), dice.digits(2));
        let currency = *dice.one_of(&["EUR", "USD", "JPY", "CHF"]);
        match dice.below(5) {
            0 => format!("{currency} {}.{rest}", grouped(whole, ',')),
            1 => format!("{} {currency}", grouped(whole, '.') + "," + &rest),
            2 => format!("{whole}{rest}"),
            3 => format!("{} {rest} {currency}", grouped(whole, ' ')),
            _ => format!("{whole}.{rest}"),
        }
    }),
    ("tracking numbers with letters", |dice| {
        let pattern = *dice.one_of(&[
            "1Z******##########",
            "AA#########DE",
            "JJD000###############",
            "JVGL##########",
            "TBA############",
            "6A###########",
            "H100################",
            "AA ### ### ### GB",
        ]);
        dice.fill(pattern)
    }),
    ("tracking numbers of digits", |dice| {
        let pattern = *dice.one_of(&[
            "############",
            "#### #### ####",
            "9400 1### #### #### #### ##",
            "94001#################",
            "00340434############",
            "##########",
            "01############",
            "###########",
        ]);
        dice.fill(pattern)
    }),
    ("traces", |dice| {
        let pattern = *dice.one_of(&[
            "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-01",
            "Root=1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx",
            "xxxxxxxxxxxxxxxx",
            "req_xxxxxxxxxxxxxxxx",
        ]);
        dice.fill(pattern)
    }),
    ("hashes", |dice| {
        let length = *dice.one_of(&[7, 12, 20, 32, 40, 64]);
        dice.word("0123456789abcdef", length)
    }),
    ("random letters and digits", |dice| {
        let (alphabet, length) = *dice.one_of(&[
            (BASE_64_URL, 21),
            (BASE_62, 16),
            ("0123456789abcdefghijklmnopqrstuvwxyz", 24),
            ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 8),
        ]);
        dice.word(alphabet, length)
    }),
    ("URLs of shops", |dice| {
        let (customer, order, word, at) =
            (dice.digits(6), dice.digits(9), dice.word("0123456789abcdef", 12), moment(dice));
        format!("https://shop.example/de/orders/{customer}/{order}?session={word}&t={at}%20{}", dice.digits(3))
    }),
    ("devices and vehicles", |dice| {
        let pattern = *dice.one_of(&[
            "35############",
            "86############",
            "8949020000##########",
            "WAAZZZ#*##A######",
            "xx:xx:xx:xx:xx:xx",
        ]);
        let number = dice.fill(pattern);
        // An IMEI ends in a check digit, and it is the cards' own.
        if number.len() == 14 { with_luhn_check(&number) } else { number }
    }),
];

/// Kinds of plain digits of which a part is refused although nothing is wrong with them: what a 13- to 19-digit number costs.
pub(super) const PLAIN: [Kind; 10] = [
    ("13 random digits", |dice| dice.digits(13)),
    ("14 random digits", |dice| dice.digits(14)),
    ("15 random digits", |dice| dice.digits(15)),
    ("16 random digits", |dice| dice.digits(16)),
    ("17 random digits", |dice| dice.digits(17)),
    ("18 random digits", |dice| dice.digits(18)),
    ("19 random digits", |dice| dice.digits(19)),
    ("EAN-13 of Germany and Japan", |dice| {
        let prefix = *dice.one_of(&["400", "404", "426", "440", "451", "459", "490", "497"]);
        let rest = dice.digits(9);
        with_gtin_check(&format!("{prefix}{rest}"))
    }),
    ("German mobile without +", |dice| dice.fill("4915#########")),
    ("Amazon's orders in Germany", |dice| dice.fill("304-#######-#######")),
];

const BASE_32: &str = "abcdefghijklmnopqrstuvwxyz234567";
const BASE_62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE_64_URL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const AMAZON: &str = "MKT-#######-#######";
/// Most of PayPal's are digits, with letters at three places.
const PAYPAL: [&str; 3] = ["#A######AA######A", "#**####**#####**A", "##A#####A#######A"];
const NATIONAL: [&str; 14] = [
    "0151 ########",
    "0170/#######",
    "030 #######",
    "(0221) ### ##-##",
    "06 ## ## ## ##",
    "079 ### ## ##",
    "07### ######",
    "020 7### ####",
    "(212) 555-####",
    "415-555-####",
    "6## ### ###",
    "340 #######",
    "0664 #######",
    "090-####-####",
];
/// Countries, and the lengths of what follows in them.
const COUNTRIES: [(&str, usize); 20] = [
    ("1", 10),
    ("44", 10),
    ("33", 9),
    ("34", 9),
    ("39", 10),
    ("31", 9),
    ("32", 9),
    ("41", 9),
    ("43", 10),
    ("45", 8),
    ("46", 9),
    ("47", 8),
    ("48", 9),
    ("49", 10),
    ("49", 11),
    ("351", 9),
    ("420", 9),
    ("55", 11),
    ("81", 10),
    ("91", 10),
];
/// The first digits of products by their country: USA, France, Germany, Japan, United Kingdom, Belgium, Poland, China, Sweden,
/// Switzerland, Italy, Spain, Netherlands, Austria, Australia, India, Korea, Denmark, Turkey, Brazil.
const GS1: [&str; 20] = [
    "00", "30", "400", "490", "50", "54", "590", "690", "73", "76", "80", "84", "87", "90", "93", "890", "880", "57",
    "869", "789",
];
/// A country, and the rest of its IBANs.
const IBANS: [(&str, &str); 30] = [
    ("AT", "################"),
    ("BE", "############"),
    ("BG", "AAAA##############"),
    ("CH", "#################"),
    ("CZ", "####################"),
    ("DE", "1#################"),
    ("DE", "2#################"),
    ("DE", "3#################"),
    ("DE", "4#################"),
    ("DE", "5#################"),
    ("DE", "6#################"),
    ("DK", "##############"),
    ("EE", "################"),
    ("ES", "####################"),
    ("FI", "##############"),
    ("FR", "##########***********##"),
    ("FR", "#######################"),
    ("GB", "AAAA##############"),
    ("GR", "#######################"),
    ("HR", "#################"),
    ("HU", "########################"),
    ("IE", "AAAA##############"),
    ("IT", "A######################"),
    ("LU", "################"),
    ("MT", "AAAA#####******************"),
    ("NL", "AAAA##########"),
    ("NO", "###########"),
    ("PL", "########################"),
    ("PT", "#####################"),
    ("SE", "####################"),
];

fn uuid_4(dice: &mut Dice) -> String {
    let variant = *dice.one_of(&['8', '9', 'a', 'b']);
    dice.fill("xxxxxxxx-xxxx-4xxx-Vxxx-xxxxxxxxxxxx").replace('V', &variant.to_string())
}

fn uuid_7(dice: &mut Dice) -> String {
    let at = format!("{:012x}", moment(dice) * 1_000 + dice.between(0, 999));
    let variant = *dice.one_of(&['8', '9', 'a', 'b']);
    format!("{}-{}-{}", &at[..8], &at[8..], dice.fill("7xxx-Vxxx-xxxxxxxxxxxx").replace('V', &variant.to_string()))
}

/// In E.164, and the same in groups.
fn telephone(dice: &mut Dice) -> (String, String) {
    let (country, length) = *dice.one_of(&COUNTRIES);
    let first = if country == "49" && length == 11 { "15".to_owned() } else { dice.between(20, 99).to_string() };
    let rest = format!("{first}{}", dice.digits(length - 2));
    let apart = *dice.one_of(&[" ", "-", ".", "\u{a0}"]);
    let (area, number) = rest.split_at(3);
    let (middle, end) = number.split_at(number.len() / 2);
    (format!("+{country}{rest}"), format!("+{country}{apart}{area}{apart}{middle}{apart}{end}"))
}

/// A second between 2015 and 2032.
const fn moment(dice: &mut Dice) -> u64 {
    dice.between(1_420_070_400, 1_956_528_000)
}

/// `2026-11-23`
fn day(dice: &mut Dice) -> String {
    format!("{}-{:02}-{:02}", dice.between(2015, 2032), dice.between(1, 12), dice.between(1, 28))
}

fn rfc_3339(dice: &mut Dice) -> String {
    let (day, time) = (day(dice), time(dice));
    let fraction = *dice.one_of(&["", ".###", ".######", ".#########"]);
    let zone = *dice.one_of(&["Z", "+01:00", "-05:00", "+05:30"]);
    format!("{day}T{time}{}{zone}", dice.fill(fraction))
}

fn time(dice: &mut Dice) -> String {
    format!("{:02}:{:02}:{:02}", dice.between(0, 23), dice.between(0, 59), dice.between(0, 59))
}

fn date(dice: &mut Dice) -> String {
    let (iso, time) = (day(dice), time(dice));
    let [year, month, day] = [&iso[..4], &iso[5..7], &iso[8..]];
    let until = dice.between(1, 28);
    match dice.below(8) {
        0 => format!("{day}.{month}.{year}"),
        1 => format!("{month}/{day}/{year} {time}"),
        2 => format!("{day}.{month}.{year} {}", &time[..5]),
        3 => format!("{year}{month}{day}T{}Z", time.replace(':', "")),
        4 => format!("{year}{month}{day}{}", time.replace(':', "")),
        5 => format!("{iso} {}", time.replace(':', ".")),
        6 => format!("{iso} - {year}-{month}-{until:02}"),
        _ => format!("{day}.{month}.{year} - {until:02}.{month}.{year}"),
    }
}

fn iban(dice: &mut Dice) -> String {
    let (country, pattern) = *dice.one_of(&IBANS);
    let account = dice.fill(pattern);
    let remainder = format!("{account}{country}00").chars().fold(0, |remainder, character| {
        let value = character.to_digit(36).unwrap();
        (remainder * if value < 10 { 10 } else { 100 } + value) % 97
    });
    format!("{country}{:02}{account}", 98 - remainder)
}

fn in_groups(iban: &str) -> String {
    let groups: Vec<&str> = iban.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(" ")
}

/// `1,234,567`
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

/// GS1's check digit: from the right, every first digit counts three times.
fn with_gtin_check(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([3, 1].into_iter().cycle())
        .map(|(digit, times)| u32::from(digit - b'0') * times)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

pub(super) fn with_luhn_check(digits: &str) -> String {
    let value = |(place, digit): (usize, u8)| {
        let times = if place.is_multiple_of(2) { 2 } else { 1 };
        let product = u32::from(digit - b'0') * times;
        product / 10 + product % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(value).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
