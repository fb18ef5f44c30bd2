//! What the collection does, from top to bottom: in each folder one thing that a merchant's program does, with what can go wrong.

mod merchant;
mod payments;

use self::merchant::{DISPUTE, PERSON, WEBHOOKS_TO_YOU};
use self::payments::{CANCEL, HOLD, PAYMENT, PAYPAL, REFUND, REFUSED};

/// Some requests that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// Its name.
    pub title: &'static str,
    /// What it shows.
    pub says: &'static str,
    /// Its requests, in order.
    pub steps: &'static [Step],
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its name.
    pub title: &'static str,
    /// Whose request it is: a file of `events/`; or a route of the sandbox, if it steers that.
    pub event: &'static str,
    /// What is answered.
    pub status: u16,
    /// And the problem's code, if it is one.
    pub code: &'static str,
    /// The body for the sandbox.
    pub steers: Option<&'static str>,
    /// What stands elsewhere in the body than in the file.
    pub varied: &'static [(&'static str, &'static str)],
    /// What the file's query asks, and this request does not.
    pub unasked: &'static [&'static str],
    /// What is seen to beforehand.
    pub before: &'static [&'static str],
    /// Whether it is signed as Stripe signs.
    pub is_signed: bool,
    /// What is waited for, and how often it is asked for.
    pub until: Option<(&'static str, u32)>,
    /// What else holds, and what is kept for the next requests.
    pub tests: &'static [&'static str],
}

const PLAIN: Step = Step {
    title: "",
    event: "",
    status: 200,
    code: "",
    steers: None,
    varied: &[],
    unasked: &[],
    before: &[],
    is_signed: false,
    until: None,
    tests: &[],
};

/// Keys of a run are its own: without that, a second run would be answered what the first one was. And whoever has sent by hand what is
/// asked for again and again has counted tries that are none of this run's.
const NEW_RUN: &[&str] =
    &["pm.environment.set('run', pm.variables.replaceIn('{{$guid}}'));", "pm.environment.unset('tries');"];
const OPENED: &[&str] = &[
    "const payment = pm.response.json();",
    "pm.environment.set('transactionId', payment.transactionId);",
    "pm.environment.set('paymentIntent', (payment.nextAction.clientSecret || '').split('_secret')[0]);",
    "pm.test('waits for its payer', () => pm.expect(payment.status).to.eql('requires_payment_method'));",
];
const SUCCEEDED: &[&str] = &["pm.test('is paid', () => pm.expect(pm.response.json().status).to.eql('succeeded'));"];
const REPLAYED: &[&str] =
    &["pm.test('is a replay', () => pm.expect(pm.response.headers.get('Idempotent-Replayed')).to.eql('true'));"];
/// Whatever else a signed webhook is answered, it was about nothing that we know.
const TAKEN: &[&str] =
    &["pm.test('is taken', () => pm.expect(pm.response.json().received).to.be.oneOf(['applied', 'superseded']));"];

/// Secrets are shown to whoever makes them, and to nobody else.
const HIDES_SECRETS: &str = "pm.test('hides secrets', () => pm.expect(pm.response.text()).to.not.include('whsec_'));";
const DISABLED: &[&str] = &["pm.test('is disabled', () => pm.expect(pm.response.json().status).to.eql('disabled'));"];

/// All of it. Each folder stands alone: it begins by opening what its other requests are about.
pub const FOLDERS: &[Folder] = &[PAYMENT, REFUND, HOLD, CANCEL, PAYPAL, DISPUTE, WEBHOOKS_TO_YOU, PERSON, REFUSED];
