//! One mutant of an input: as bytes, as text with words of the target, or as the JSON that it is or has after its first
//! line.

use serde_json::Value;

use crate::dice::Dice;

/// Mutations on top of each other, at most: more are noise.
const STEPS_MAX: usize = 4;
/// Where no size is at stake, small inputs are tried faster.
const BYTES_MAX: usize = 16 * 1024;
/// Levels by which a value is wrapped up: past the JSON parser's own bound of 128.
const WRAP_MAX: usize = 140;

/// Characters that programs stumble over: ends of strings, escapes, other scripts' digits, invisible and unpaired ones.
const PIECES: [&[u8]; 40] = [
    b"\0",
    b"\x01",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\u0030",
    b"%",
    b"%00",
    b"+",
    b"-",
    b".",
    b",",
    b":",
    b";",
    b"=",
    b"#",
    b"&",
    b"{",
    b"}",
    b"[",
    b"]",
    b"/",
    b"~1",
    b"0",
    b"9",
    b"e5",
    b"\x7f",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    "ü".as_bytes(),
    "４".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{10ffff}".as_bytes(),
];

/// Values that stand at an edge of some type.
const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "0.5",
    "1e3",
    "255",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "1e400",
    "253402300800000",
    "999999999999",
];

/// What mutants are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutation<'a> {
    pub(crate) pool: &'a [Vec<u8>],
    pub(crate) words: &'a [String],
}

impl Mutation<'_> {
    /// A mutant of some input of the pool.
    pub(crate) fn next(&self, dice: &mut Dice) -> Vec<u8> {
        let mut input = dice.pick(self.pool).cloned().unwrap_or_default();
        for _ in 0..=dice.below(STEPS_MAX) {
            input = if dice.one_in(2) { self.structural(input, dice) } else { self.bytes(input, dice) };
        }
        input.truncate(BYTES_MAX);
        input
    }

    /// Changes the JSON of an input, whole or after its first line; where there is none, its bytes.
    fn structural(&self, input: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
        let body_at = input.iter().position(|byte| *byte == b'\n').map_or(0, |end| end.saturating_add(1));
        for at in [0, body_at] {
            let (head, body) = input.split_at_checked(at).unwrap_or((&input, &[]));
            let Ok(mut json) = serde_json::from_slice::<Value>(body) else { continue };
            let node = dice.below(count(&json));
            if let Some(node) = find(&mut json, &mut { node }) {
                self.change(node, dice);
            }
            let mut text = json.to_string();
            if dice.one_in(8) {
                repeat_a_field(&mut text, &json, dice);
            }
            return [head, text.as_bytes()].concat();
        }
        self.bytes(input, dice)
    }

    fn change(&self, node: &mut Value, dice: &mut Dice) {
        match dice.below(10) {
            0 => *node = Value::Null,
            1 => *node = Value::Bool(dice.one_in(2)),
            2 => *node = number(dice),
            3 => *node = Value::String(self.word(dice)),
            4 => *node = wrapped(node.take(), dice),
            5 => *node = self.of_another(dice),
            _ => self.change_inside(node, dice),
        }
    }

    /// Changes a value and leaves its type.
    fn change_inside(&self, node: &mut Value, dice: &mut Dice) {
        match node {
            Value::Null | Value::Bool(_) | Value::Number(_) => *node = number(dice),
            Value::String(text) => {
                let bytes = self.bytes(std::mem::take(text).into_bytes(), dice);
                *text = String::from_utf8_lossy(&bytes).into_owned();
            }
            Value::Array(items) => match dice.below(3) {
                0 => drop(items.pop()),
                1 => items.extend(items.first().cloned()),
                _ => items.push(self.of_another(dice)),
            },
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                let name = dice.pick(&names).cloned().unwrap_or_default();
                match dice.below(4) {
                    0 => drop(fields.remove(&name)),
                    1 => drop(fields.insert(self.word(dice), Value::from(dice.below(10_000)))),
                    2 => {
                        let value = fields.remove(&name).unwrap_or_default();
                        fields.insert(self.word(dice), value);
                    }
                    _ => {
                        let other = dice.pick(&names).and_then(|other| fields.get(other)).cloned();
                        fields.insert(name, other.unwrap_or_default());
                    }
                }
            }
        }
    }

    /// A part of some other input's JSON.
    fn of_another(&self, dice: &mut Dice) -> Value {
        let other = dice.pick(self.pool).map_or(&[][..], Vec::as_slice);
        let body = other.split(|byte| *byte == b'\n').next_back().unwrap_or_default();
        let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return Value::String(self.word(dice)) };
        let node = dice.below(count(&json));
        find(&mut json, &mut { node }).map(Value::take).unwrap_or_default()
    }

    fn word(&self, dice: &mut Dice) -> String {
        match dice.below(6) {
            0 => String::new(),
            1 => dice.pick(&NUMBERS).map(|number| (*number).to_owned()).unwrap_or_default(),
            2 => "x".repeat(dice.below(600)),
            _ => dice.pick(self.words).cloned().unwrap_or_default(),
        }
    }

    fn bytes(&self, mut input: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
        let (at, to) = (dice.below(input.len().saturating_add(1)), dice.below(input.len().saturating_add(1)));
        let (from, to) = (at.min(to), at.max(to).min(at.min(to).saturating_add(64)));
        match dice.below(9) {
            0 => {
                let bit = 1_u8 << dice.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => drop(input.drain(from..to)),
            2 => input.truncate(at),
            3 => insert(&mut input, at, self.word(dice).as_bytes()),
            4 | 5 => {
                let piece = dice.pick(&PIECES).copied().unwrap_or_default();
                insert(&mut input, at, piece);
            }
            6 => {
                let piece: Vec<u8> = input.drain(from..to).collect();
                let into = dice.below(input.len().saturating_add(1));
                insert(&mut input, into, &piece);
            }
            7 => {
                let times = dice.below(40);
                let piece = input.get(from..to).unwrap_or_default().repeat(times);
                insert(&mut input, at, &piece);
            }
            _ => {
                let other = dice.pick(self.pool).cloned().unwrap_or_default();
                let cut = dice.below(other.len().saturating_add(1));
                input.truncate(at);
                input.extend(other.get(cut..).unwrap_or_default());
            }
        }
        input
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let tail = input.split_off(at.min(input.len()));
    input.extend(piece);
    input.extend(tail);
}

fn number(dice: &mut Dice) -> Value {
    let text = dice.pick(&NUMBERS).copied().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(dice.below(3_000)))
}

/// The same, one level further in or many; or an object's values without their names.
fn wrapped(value: Value, dice: &mut Dice) -> Value {
    if let Value::Object(fields) = &value
        && dice.one_in(2)
    {
        return Value::Array(fields.values().cloned().collect());
    }
    let levels = if dice.one_in(4) { dice.below(WRAP_MAX) } else { 1 };
    (0..levels).fold(value, |inner, _| Value::Array(vec![inner]))
}

/// Writes a field of the outermost object once more, before the others: JSON that no map can hold.
fn repeat_a_field(text: &mut String, json: &Value, dice: &mut Dice) {
    let Value::Object(fields) = json else { return };
    let fields: Vec<(&String, &Value)> = fields.iter().collect();
    let Some((name, value)) = dice.pick(&fields) else { return };
    let value = if dice.one_in(2) { (*value).clone() } else { number(dice) };
    text.insert_str(1, &format!("{}:{value},", Value::from(name.as_str())));
}

fn count(json: &Value) -> usize {
    let inside: usize = match json {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    inside.saturating_add(1)
}

/// The value of this number, counted from the outside in.
fn find<'a>(json: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(json);
    }
    *number = number.saturating_sub(1);
    match json {
        Value::Array(items) => items.iter_mut().find_map(|item| find(item, number)),
        Value::Object(fields) => fields.values_mut().find_map(|field| find(field, number)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn mutants_differ_and_are_the_same_for_the_same_seed() {
        let pool = vec![b"head\n{\"amount\":[1,{\"b\":\"text\"}],\"c\":null}".to_vec()];
        let words = vec!["amount".to_owned()];
        let mutation = Mutation { pool: &pool, words: &words };
        let row = |seed: u64| {
            let mut dice = Dice::new(seed);
            (0..500).map(|_| mutation.next(&mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(row(7), row(7));
        assert_ne!(row(7), row(8));
        let different: BTreeSet<Vec<u8>> = row(7).into_iter().collect();
        assert!(different.len() > 400, "{}", different.len());
        let still_json = |input: &&Vec<u8>| {
            input.strip_prefix(b"head\n").is_some_and(|body| serde_json::from_slice::<Value>(body).is_ok())
        };
        let whole = different.iter().filter(still_json).count();
        assert!(whole > 100 && whole < different.len(), "{whole}");
    }

    #[test]
    fn every_value_of_a_document_can_be_found() {
        let mut json = serde_json::json!({"a": [1, {"b": 2}], "c": "d"});
        assert_eq!(count(&json), 6);
        let found: Vec<String> = (0..6).map(|number| find(&mut json, &mut { number }).unwrap().to_string()).collect();
        assert_eq!(found, [r#"{"a":[1,{"b":2}],"c":"d"}"#, r#"[1,{"b":2}]"#, "1", r#"{"b":2}"#, "2", r#""d""#]);
        assert!(find(&mut json, &mut { 6 }).is_none());
    }
}
