//! How much the scanner finds, and what it takes for a card that is none: the figures in docs/SECURITY.md.
//!
//! `cargo test -p adapters --lib measured -- --nocapture` prints them. Everything is drawn from seeds, so they are the same on every run.

mod dice;
mod harmless;
mod places;
mod planted;

use std::collections::BTreeMap;

use world::proof::figure;

use self::dice::Dice;
use self::harmless::{KINDS, Kind, PLAIN};
use self::places::PLACES;
use self::planted::{Characters, NETWORKS, numbers};
use super::{contains_card_number, issuers};

/// All harmless texts together.
const HARMLESS: usize = 100_000;
/// So many of a thousand may be taken for cards, all kinds together.
const FALSE_ALARMS_MAX: usize = HARMLESS / 1_000;
/// Of each kind of plain digits.
const PLAIN_NUMBERS: usize = 10_000;

#[test]
fn the_issuers_are_the_networks_ranges_and_no_others() {
    for length in 12..=20 {
        for prefix in 1_000..10_000_u32 {
            let is_in = |first: u32, last: u32| {
                let shown = prefix / 10_u32.pow(3 - first.ilog10());
                (first..=last).contains(&shown)
            };
            let mut ranges = NETWORKS.iter().flat_map(|(_, ranges)| *ranges);
            let given_out = ranges.any(|(first, last, lengths)| is_in(*first, *last) && lengths.contains(&length));
            let number: Vec<u8> =
                prefix.to_string().bytes().map(|digit| digit - b'0').chain([0; 16]).take(length).collect();
            assert_eq!(issuers::could_have_issued(&number), given_out, "{prefix} at {length} digits");
        }
    }
}

#[test]
fn every_number_of_every_network_is_refused_in_every_form_and_place() {
    let characters = Characters::all();
    let forms = characters.forms();
    let mut dice = Dice::new(7);
    let (mut texts, mut requests) = (0, 0);
    let mut of_place: BTreeMap<&str, u64> = BTreeMap::new();
    let mut missed: Vec<String> = Vec::new();
    for (network, ranges) in NETWORKS {
        let before = (texts, requests);
        let each =
            ranges.iter().flat_map(|(first, last, lengths)| lengths.iter().map(move |length| (*first, *last, *length)));
        for (index, number) in each
            .flat_map(|(first, last, length)| numbers(first, last, length, &mut dice))
            .enumerate()
            .collect::<Vec<_>>()
        {
            for (turn, form) in forms.iter().enumerate() {
                let written = characters.write(form, &number, &mut dice);
                texts += 1;
                if !contains_card_number(&written) {
                    missed.push(format!("{network}: {written:?}"));
                }
                // One form in five goes on to a place: each comes to each, with one number or another.
                let (place, request) = PLACES[(index + turn) % PLACES.len()];
                let Some(request) = request(&written).filter(|_| turn % 5 == index % 5) else { continue };
                requests += 1;
                *of_place.entry(place).or_default() += 1;
                if !places::is_refused(&request, &number) {
                    missed.push(format!("{network}, {place}: {written:?}"));
                }
            }
            for (place, request) in PLACES {
                let Some(request) = request(&number) else { continue };
                requests += 1;
                *of_place.entry(place).or_default() += 1;
                if !places::is_refused(&request, &number) {
                    missed.push(format!("{network}, {place}: {number:?}"));
                }
            }
        }
        println!("planted: {network:<30} {:>7} texts, {:>7} requests", texts - before.0, requests - before.1);
    }
    for (place, count) in &of_place {
        println!("planted: {place:<45} {count:>7} requests");
    }
    println!("planted: digits of {} scripts, {} separators", characters.scripts(), characters.separators());
    assert!(
        missed.is_empty(),
        "{} of {texts} texts and {requests} requests were missed: {:#?}",
        missed.len(),
        &missed[..missed.len().min(20)]
    );
    assert_eq!(of_place.len(), PLACES.len(), "a place that no number came to");
    figure("card data", texts + requests, "numbers planted and refused");
}

#[test]
fn of_a_hundred_thousand_harmless_texts_fewer_than_one_in_a_thousand_is_taken_for_a_card() {
    let each = HARMLESS / KINDS.len();
    let mut alarms = 0;
    for (seed, (kind, make)) in (0..).zip(KINDS) {
        let hits = alarms_among((kind, make), seed, each);
        alarms += hits.len();
        println!(
            "harmless: {kind:<40} {:>4} of {each}{}",
            hits.len(),
            hits.first().map(|hit| format!(", as {hit}")).unwrap_or_default()
        );
    }
    println!("harmless: {alarms} of {HARMLESS} were taken for cards");
    assert_eq!(each * KINDS.len(), HARMLESS);
    assert!(alarms < FALSE_ALARMS_MAX, "{alarms} of {HARMLESS}");
    figure("card data", u64::try_from(HARMLESS).unwrap(), "harmless texts");
    figure("card data", u64::try_from(alarms).unwrap(), "false alarms");
}

#[test]
fn what_plain_digits_cost_is_known() {
    for (seed, (kind, make)) in (0..).zip(PLAIN) {
        let hits = alarms_among((kind, make), seed, PLAIN_NUMBERS).len();
        println!("plain digits: {kind:<40} {hits:>4} of {PLAIN_NUMBERS}");
        // A tenth of all numbers passes Luhn, and that is the most that any kind can cost.
        assert!((1..PLAIN_NUMBERS * 11 / 100).contains(&hits), "{kind}: {hits}");
    }
}

/// Those of so many that are taken for cards, or would be refused in a body.
fn alarms_among((_, make): Kind, seed: u64, count: usize) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let texts = (0..count).map(|_| make(&mut dice));
    texts
        .filter(|text| {
            contains_card_number(text)
                || places::PLACES[0].1(text).is_some_and(|request| places::answer(&request).is_err())
        })
        .collect()
}
