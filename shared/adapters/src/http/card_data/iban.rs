//! IBANs (ISO 13616). Written in groups of four they hold rows of digits as long as a card's, and some countries' are nothing but
//! 14 or 16 digits after the letters.
//!
//! One is told by all of this together: two capital letters of a country that has IBANs, at the beginning of a word; as many
//! letters and digits as that country's have; and check digits that fit (ISO 7064, modulo 97). What fits only in part is none, and is
//! looked at as any other text.

/// Countries by the length of their IBANs, as the registry of SWIFT has them.
const COUNTRIES: [(usize, &str); 18] = [
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];
/// What people put between two groups, and only one of it.
const SEPARATORS: [char; 5] = [' ', '\u{a0}', '\u{2009}', '\u{202f}', '-'];
/// How many characters a group has on paper.
const GROUP: usize = 4;
/// The country and the check digits stand first, and are reckoned last.
const HEAD: usize = 4;

/// How many bytes the IBAN has that this text begins with, if it does.
pub(super) fn at_start(text: &str) -> Option<usize> {
    let length = length_for(text.get(..2)?)?;
    let mut characters = Vec::with_capacity(length);
    let mut end = 0;
    let mut is_apart = false;
    for character in text.chars() {
        if characters.len() == length {
            break;
        }
        let begins_a_group = characters.len() % GROUP == 0;
        if character.is_ascii_digit() || character.is_ascii_uppercase() {
            characters.push(character);
            is_apart = false;
        } else if SEPARATORS.contains(&character) && begins_a_group && !is_apart {
            is_apart = true;
        } else {
            return None;
        }
        end = character.len_utf8().saturating_add(end);
    }
    let goes_on = text.get(end..)?.starts_with(|next: char| next.is_ascii_alphanumeric());
    (characters.len() == length && !goes_on && fits(&characters)).then_some(end)
}

fn length_for(country: &str) -> Option<usize> {
    COUNTRIES.iter().find(|(_, countries)| countries.split(' ').any(|one| one == country)).map(|(length, _)| *length)
}

/// Letters count as 10 to 35; the whole, with its first four characters last, leaves 1.
fn fits(characters: &[char]) -> bool {
    let Some((head, account)) = characters.split_at_checked(HEAD) else { return false };
    if !head.iter().skip(2).all(char::is_ascii_digit) {
        return false;
    }
    let remainder = account.iter().chain(head).fold(0_u32, |remainder, character| {
        let value = character.to_digit(36).unwrap_or_default();
        let shift = if value < 10 { 10 } else { 100 };
        remainder.saturating_mul(shift).saturating_add(value) % 97
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_registry_are_told_in_print_and_on_paper() {
        for iban in [
            "NO9386011117947",
            "BE68539007547034",
            "DK5000400440116243",
            "FI2112345600000785",
            "NL91ABNA0417164300",
            "AT611904300234573201",
            "CH9300762011623852957",
            "DE89370400440532013000",
            "GB29NWBK60161331926819",
            "ES9121000418450200051332",
            "SE4550000000058398257466",
            "FR1420041010050500013M02606",
            "PL61109010140000071219812874",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert_eq!(at_start(iban), Some(iban.len()), "{iban}");
            for separator in [" ", "-", "\u{a0}", "\u{202f}"] {
                let groups: Vec<&str> =
                    iban.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect();
                let written = groups.join(separator);
                assert_eq!(at_start(&format!("{written}, please")), Some(written.len()), "{written}");
            }
        }
    }

    #[test]
    fn what_fits_only_in_part_is_none() {
        for text in [
            "",
            "DE",
            // A digit wrong, missing, too many.
            "DE89370400440532013001",
            "DE8937040044053201300",
            "DE893704004405320130000",
            // No country, small letters, a letter for a check digit.
            "ZZ89370400440532013000",
            "de89370400440532013000",
            "DEA9370400440532013000",
            // Other groups than four, more than one separator, other separators.
            "DE 89 3704 0044 0532 0130 00",
            "DE893 7040 0440 5320 1300 0",
            "DE89  3704 0044 0532 0130 00",
            "DE89.3704.0044.0532.0130.00",
            "DE89 4242 4242 4242 4242",
        ] {
            assert_eq!(at_start(text), None, "{text}");
        }
    }
}
