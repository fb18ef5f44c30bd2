//! Numbers as the networks give them out, and every form in which somebody may write one.
//!
//! The networks are written down once more here, from what they publish: a range that the scanner loses is missed.

use super::super::digits;
use super::dice::Dice;
use super::harmless::with_luhn_check;

/// A network, and its ranges: the first digits from and to, and the lengths.
pub(super) type Network = (&'static str, &'static [(u32, u32, &'static [usize])]);

const LONG: &[usize] = &[16, 17, 18, 19];
const ANY: &[usize] = &[13, 14, 15, 16, 17, 18, 19];
const DINERS: &[usize] = &[14, 16, 17, 18, 19];
const BANKS: &[usize] = &[16, 18, 19];

pub(super) const NETWORKS: [Network; 18] = [
    ("Visa", &[(4, 4, &[13, 16, 19])]),
    ("Mastercard", &[(51, 55, &[16]), (2221, 2720, &[16])]),
    ("American Express", &[(34, 34, &[15]), (37, 37, &[15])]),
    ("Discover", &[(6011, 6011, LONG), (644, 649, LONG), (65, 65, LONG)]),
    ("UnionPay", &[(62, 62, LONG), (81, 81, LONG)]),
    ("Diners Club", &[(300, 305, DINERS), (3095, 3095, DINERS), (36, 36, &[14, 15, 16, 17, 18, 19]), (38, 39, DINERS)]),
    ("JCB", &[(3528, 3589, LONG), (2131, 2131, &[15]), (1800, 1800, &[15])]),
    (
        "Maestro",
        &[
            (5018, 5018, ANY),
            (5020, 5020, ANY),
            (5038, 5038, ANY),
            (5893, 5893, ANY),
            (6304, 6304, ANY),
            (6759, 6759, ANY),
            (6761, 6763, ANY),
            (50, 50, BANKS),
            (56, 58, BANKS),
            (639, 639, BANKS),
            (67, 67, LONG),
        ],
    ),
    ("Bancontact", &[(6703, 6703, &[16, 17])]),
    ("Mir", &[(2200, 2204, LONG)]),
    ("Borica", &[(2205, 2205, &[16])]),
    (
        "RuPay",
        &[(60, 60, &[16]), (65, 65, &[16]), (81, 82, &[16]), (508, 508, &[16]), (353, 353, &[16]), (356, 356, &[16])],
    ),
    ("Elo and Hipercard", &[(5066, 5067, &[16]), (6362, 6363, &[16]), (6370, 6376, &[16]), (6062, 6062, &[16])]),
    ("Troy", &[(9792, 9792, &[16])]),
    ("UkrCard", &[(6040, 6042, LONG)]),
    ("NAPAS", &[(9704, 9704, &[16, 19])]),
    ("Uzcard and Humo", &[(8600, 8600, &[16]), (9860, 9860, &[16])]),
    ("InterPayment and InstaPayment", &[(636, 636, LONG), (637, 639, &[16])]),
];

/// Numbers of one range and length: with the lowest first digits, the highest, and three of those between.
pub(super) fn numbers(first: u32, last: u32, length: usize, dice: &mut Dice) -> Vec<String> {
    let mut prefixes = vec![first, last];
    prefixes.extend((0..3).map(|_| u32::try_from(dice.between(first.into(), last.into())).unwrap()));
    let complete = |prefix: u32| {
        let prefix = prefix.to_string();
        let rest = dice.digits(length - 1 - prefix.len());
        with_luhn_check(&format!("{prefix}{rest}"))
    };
    prefixes.into_iter().map(complete).collect()
}

/// A way to write a number.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Plain,
    /// This between groups of four, of four, six and the rest, of two, or of one.
    Apart(String),
    /// One to three separators of any kind in each gap, between groups of any length.
    Mixed,
    /// The digits that begin with this zero.
    Script(char),
    /// Any character that has the value of the digit.
    AnyScript,
    /// Both at once.
    AnyScriptMixed,
    /// In a sentence, beside other numbers.
    Sentence,
}

/// What may be put into a number, character by character: the scanner's own tables, so that none of them is left out.
pub(super) struct Characters {
    separators: Vec<char>,
    zeros: Vec<char>,
    of_value: [Vec<char>; 10],
}

impl Characters {
    pub(super) fn all() -> Self {
        let mut of_value = [const { Vec::new() }; 10];
        for character in '\0'..=char::MAX {
            if let Some(value) = digits::value_of(character) {
                of_value[usize::from(value)].push(character);
            }
        }
        let begins_a_row = |zero: &char| {
            (0..10_u8).all(|value| {
                let digit = char::from_u32(u32::from(*zero) + u32::from(value));
                digit.and_then(digits::value_of) == Some(value)
            })
        };
        Self {
            separators: ('\0'..=char::MAX).filter(|character| digits::is_separator(*character)).collect(),
            zeros: of_value[0].iter().copied().filter(begins_a_row).collect(),
            of_value,
        }
    }

    pub(super) fn forms(&self) -> Vec<Form> {
        let mut forms =
            vec![Form::Plain, Form::Sentence, Form::Apart(" - ".to_owned()), Form::Apart("\r\n".to_owned())];
        forms.extend(self.separators.iter().map(|separator| Form::Apart(separator.to_string())));
        forms.extend(self.zeros.iter().map(|zero| Form::Script(*zero)));
        forms.extend([Form::Mixed, Form::AnyScript, Form::AnyScriptMixed].into_iter().cycle().take(120));
        forms
    }

    pub(super) fn scripts(&self) -> usize {
        self.zeros.len()
    }

    pub(super) fn separators(&self) -> usize {
        self.separators.len()
    }

    pub(super) fn write(&self, form: &Form, number: &str, dice: &mut Dice) -> String {
        match form {
            Form::Plain => number.to_owned(),
            Form::Apart(separator) => apart(number, separator, dice),
            Form::Mixed => self.mixed(number, dice),
            Form::Script(zero) => number.bytes().map(|digit| above(*zero, digit - b'0')).collect(),
            Form::AnyScript => self.any_script(number, dice),
            Form::AnyScriptMixed => self.mixed(&self.any_script(number, dice), dice),
            Form::Sentence => {
                let between = *dice.one_of(&["", " ", "-"]);
                let written = apart(number, between, dice);
                format!("Order {}, card {written}, exp {}/{}.", dice.digits(6), dice.between(10, 12), dice.digits(2))
            }
        }
    }

    fn any_script(&self, number: &str, dice: &mut Dice) -> String {
        number.bytes().map(|digit| *dice.one_of(&self.of_value[usize::from(digit - b'0')])).collect()
    }

    fn mixed(&self, number: &str, dice: &mut Dice) -> String {
        let mut written = String::new();
        let mut left = 0;
        for (place, digit) in number.chars().enumerate() {
            if left == 0 {
                let gap = if place == 0 { 0 } else { dice.between(1, 3) };
                written.extend((0..gap).map(|_| *dice.one_of(&self.separators)));
                left = dice.between(1, 8);
            }
            left -= 1;
            written.push(digit);
        }
        written
    }
}

fn above(zero: char, value: u8) -> char {
    char::from_u32(u32::from(zero) + u32::from(value)).unwrap()
}

fn apart(number: &str, separator: &str, dice: &mut Dice) -> String {
    const GROUPS: [&[usize]; 4] = [&[4, 4, 4, 4], &[4, 6, 9], &[2; 9], &[1; 18]];
    let lengths = *dice.one_of(&GROUPS);
    let mut written = String::new();
    let mut rest = number;
    for length in lengths {
        let Some((group, after)) = rest.split_at_checked(*length).filter(|(_, after)| !after.is_empty()) else { break };
        written.push_str(group);
        written.push_str(separator);
        rest = after;
    }
    written + rest
}
