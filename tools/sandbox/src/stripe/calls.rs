//! The requests that the sandbox understands: from method, path and parameters to a typed call, or a refusal.
//!
//! Parsing refuses everything that Stripe refuses before it begins to execute; the book refuses the rest.

use axum::http::{Method, Uri};
use serde_json::{Value, json};

use super::{
    amounts, disputes,
    error::StripeError,
    files::NewFile,
    form::Tree,
    objects::{AutomaticMethods, Billing, CaptureMethod, Metadata, Particulars, Shipping},
    routes,
    shape::check,
};

/// Who calls: a server with the secret key, or a payer's browser with the publishable one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Server,
    Browser,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    CreateIntent(Box<NewIntent>),
    GetIntent { id: String, client_secret: Option<String> },
    UpdateIntent { id: String, change: Box<IntentChange> },
    ConfirmIntent { id: String, client_secret: Option<String>, confirmation: Box<Confirmation> },
    CaptureIntent { id: String, capture: Box<Capture> },
    CancelIntent { id: String, reason: Option<String> },
    ListIntents(Page),
    CreateMethod(NewMethod),
    GetMethod { id: String },
    CreateToken(NewToken),
    GetToken { id: String },
    CreateRefund(NewRefund),
    GetRefund { id: String },
    ListRefunds { page: Page, of: Of },
    GetCharge { id: String },
    ListCharges { page: Page, of: Of },
    OnDisputes(disputes::Call),
    CreateFile(NewFile),
    GetFile { id: String },
    GetMovement { id: String },
    ListMovements { page: Page, source: Option<String>, kind: Option<String> },
    GetBalance,
    GetAccount,
}

#[derive(Clone, Debug)]
pub(crate) struct NewIntent {
    pub(crate) livemode: bool,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) automatic: Option<AutomaticMethods>,
    pub(crate) payment_method: Option<String>,
    pub(crate) particulars: Particulars,
    pub(crate) confirm: Option<Confirmation>,
}

#[derive(Clone, Debug)]
pub(crate) struct IntentChange {
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) capture_method: Option<CaptureMethod>,
    pub(crate) payment_method: Option<String>,
    pub(crate) particulars: Particulars,
}

impl IntentChange {
    /// Description and metadata may change at any time; what a charge is made of may not.
    pub(crate) fn touches_money(&self) -> bool {
        self.amount.is_some()
            || self.currency.is_some()
            || self.capture_method.is_some()
            || self.payment_method.is_some()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Confirmation {
    pub(crate) payment_method: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) off_session: bool,
    pub(crate) capture_method: Option<CaptureMethod>,
    pub(crate) error_on_requires_action: bool,
    pub(crate) use_stripe_sdk: bool,
    pub(crate) by_browser: bool,
    pub(crate) particulars: Particulars,
}

#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) amount: Option<i64>,
    pub(crate) particulars: Particulars,
}

#[derive(Clone, Debug)]
pub(crate) struct NewMethod {
    pub(crate) card: CardSource,
    pub(crate) billing: Billing,
    pub(crate) metadata: Metadata,
    pub(crate) allow_redisplay: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum CardSource {
    Token(String),
    Number(String),
}

#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    pub(crate) payment_method: String,
    pub(crate) return_url: Option<String>,
    pub(crate) setup_future_usage: Option<String>,
    pub(crate) shipping: Option<Shipping>,
}

#[derive(Clone, Debug)]
pub(crate) struct NewRefund {
    pub(crate) payment_intent: Option<String>,
    pub(crate) charge: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
}

/// Which charges or refunds a list is of.
#[derive(Clone, Debug)]
pub(crate) struct Of {
    payment_intent: Option<String>,
    charge: Option<String>,
}

impl Of {
    pub(crate) fn admits(&self, intent: &str, charge: &str) -> bool {
        self.payment_intent.as_deref().is_none_or(|wanted| wanted == intent)
            && self.charge.as_deref().is_none_or(|wanted| wanted == charge)
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    limit: usize,
    starting_after: Option<String>,
}

impl Page {
    /// The part of `all` (newest first) that this page shows.
    pub(crate) fn cut<'a>(&self, url: &str, all: impl Iterator<Item = (&'a str, Value)>) -> Result<Value, StripeError> {
        let mut rest = all.peekable();
        if let Some(after) = &self.starting_after
            && !rest.by_ref().any(|(id, _)| id == after)
        {
            return Err(StripeError::missing_in_param("object", after, "starting_after"));
        }
        let data: Vec<Value> = rest.by_ref().take(self.limit).map(|(_, value)| value).collect();
        Ok(json!({ "object": "list", "url": url, "has_more": rest.peek().is_some(), "data": data }))
    }
}

/// Reads a request that is already known to come from this caller.
pub(crate) fn parse(method: &Method, uri: &Uri, tree: &Tree, caller: Caller) -> Result<Call, StripeError> {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').skip(1).collect();
    let unknown = || StripeError::unknown_url(method.as_str(), uri.path());
    let route = routes::find(method, &path).ok_or_else(unknown)?;
    if caller == Caller::Browser && !route.open_to_browsers {
        let message = "This API call cannot be made with a publishable API key. Please use a secret API key.";
        return Err(StripeError::unauthorized(message).code("secret_key_required"));
    }
    check(tree, if caller == Caller::Browser { route.browser_fields } else { route.fields })?;
    let id = || path.get(1).map(|id| (*id).to_owned()).ok_or_else(unknown);
    let client_secret = (caller == Caller::Browser).then(|| tree.text("client_secret").unwrap_or_default().to_owned());
    Ok(match route.name {
        routes::Name::CreateIntent => Call::CreateIntent(Box::new(new_intent(tree)?)),
        routes::Name::GetIntent => Call::GetIntent { id: id()?, client_secret },
        routes::Name::UpdateIntent => Call::UpdateIntent { id: id()?, change: Box::new(intent_change(tree)?) },
        routes::Name::ConfirmIntent => {
            let confirmation = Box::new(confirmation(tree, caller)?);
            Call::ConfirmIntent { id: id()?, client_secret, confirmation }
        }
        routes::Name::CaptureIntent => Call::CaptureIntent {
            id: id()?,
            capture: Box::new(Capture {
                amount: amounts::positive(tree, "amount_to_capture")?,
                particulars: particulars(tree),
            }),
        },
        routes::Name::CancelIntent => Call::CancelIntent { id: id()?, reason: tree.owned_text("cancellation_reason") },
        routes::Name::ListIntents => Call::ListIntents(page(tree)?),
        routes::Name::CreateMethod => Call::CreateMethod(new_method(tree)?),
        routes::Name::GetMethod => Call::GetMethod { id: id()? },
        routes::Name::CreateToken => Call::CreateToken(NewToken {
            payment_method: tree
                .owned_text("payment_method")
                .ok_or_else(|| StripeError::missing_parameter("payment_method"))?,
            return_url: return_url(tree)?,
            setup_future_usage: tree.owned_text("setup_future_usage"),
            shipping: tree.get("shipping").map(shipping),
        }),
        routes::Name::GetToken => Call::GetToken { id: id()? },
        routes::Name::CreateRefund => Call::CreateRefund(NewRefund {
            payment_intent: tree.owned_text("payment_intent"),
            charge: tree.owned_text("charge"),
            amount: amounts::positive(tree, "amount")?,
            reason: tree.owned_text("reason"),
            metadata: tree.map("metadata"),
        }),
        routes::Name::GetRefund => Call::GetRefund { id: id()? },
        routes::Name::ListRefunds => Call::ListRefunds { page: page(tree)?, of: of(tree) },
        routes::Name::GetCharge => Call::GetCharge { id: id()? },
        routes::Name::ListCharges => Call::ListCharges { page: page(tree)?, of: of(tree) },
        routes::Name::OnDisputes(name) => Call::OnDisputes(disputes::parse(name, &path, tree)?),
        routes::Name::CreateFile => Call::CreateFile(new_file(tree)?),
        routes::Name::GetFile => Call::GetFile { id: id()? },
        routes::Name::GetMovement => Call::GetMovement { id: id()? },
        routes::Name::ListMovements => {
            Call::ListMovements { page: page(tree)?, source: tree.owned_text("source"), kind: tree.owned_text("type") }
        }
        routes::Name::GetBalance => Call::GetBalance,
        routes::Name::GetAccount => Call::GetAccount,
    })
}

fn new_intent(tree: &Tree) -> Result<NewIntent, StripeError> {
    let currency = amounts::currency(tree)?.ok_or_else(|| StripeError::missing_parameter("currency"))?;
    let amount = amounts::positive(tree, "amount")?.ok_or_else(|| StripeError::missing_parameter("amount"))?;
    amounts::within_limits(amount, &currency)?;
    let confirm = tree.flag("confirm") == Some(true);
    for only_with_confirm in ["return_url", "off_session", "error_on_requires_action", "confirmation_token"] {
        if !confirm && tree.text(only_with_confirm).is_some() {
            let message = format!(
                "The parameter `{only_with_confirm}` cannot be passed when creating a PaymentIntent unless \
                    `confirm` is set to true."
            );
            return Err(StripeError::invalid(message).param(only_with_confirm));
        }
    }
    Ok(NewIntent {
        livemode: false,
        amount,
        currency,
        capture_method: CaptureMethod::parse(tree.text("capture_method")),
        automatic: automatic(tree)?,
        payment_method: tree.owned_text("payment_method"),
        particulars: particulars(tree),
        confirm: if confirm { Some(confirmation(tree, Caller::Server)?) } else { None },
    })
}

/// Enabled unless the request says otherwise, since version 2023-08-16.
fn automatic(tree: &Tree) -> Result<Option<AutomaticMethods>, StripeError> {
    let Some(hash) = tree.get("automatic_payment_methods") else {
        return Ok(Some(AutomaticMethods { allow_redirects: true }));
    };
    let param = "automatic_payment_methods[enabled]";
    match hash.flag("enabled").ok_or_else(|| StripeError::missing_parameter(param).param(param))? {
        true => Ok(Some(AutomaticMethods { allow_redirects: hash.text("allow_redirects") != Some("never") })),
        false => Ok(None),
    }
}

fn intent_change(tree: &Tree) -> Result<IntentChange, StripeError> {
    let (amount, currency) = (amounts::positive(tree, "amount")?, amounts::currency(tree)?);
    if let Some(amount) = amount {
        amounts::within_limits(amount, currency.as_deref().unwrap_or_default())?;
    }
    Ok(IntentChange {
        amount,
        currency,
        capture_method: tree.text("capture_method").map(|name| CaptureMethod::parse(Some(name))),
        payment_method: tree.owned_text("payment_method"),
        particulars: particulars(tree),
    })
}

fn confirmation(tree: &Tree, caller: Caller) -> Result<Confirmation, StripeError> {
    Ok(Confirmation {
        payment_method: tree.owned_text("payment_method"),
        token: tree.owned_text("confirmation_token"),
        return_url: return_url(tree)?,
        off_session: tree.text("off_session").is_some_and(|value| value != "false"),
        capture_method: tree.text("capture_method").map(|name| CaptureMethod::parse(Some(name))),
        error_on_requires_action: tree.flag("error_on_requires_action") == Some(true),
        use_stripe_sdk: tree.flag("use_stripe_sdk") == Some(true),
        by_browser: caller == Caller::Browser,
        particulars: particulars(tree),
    })
}

fn particulars(tree: &Tree) -> Particulars {
    let card_options = tree.get("payment_method_options").and_then(|options| options.get("card"));
    Particulars {
        description: tree.owned_text("description"),
        metadata: tree.map("metadata"),
        receipt_email: tree.owned_text("receipt_email"),
        setup_future_usage: tree.owned_text("setup_future_usage"),
        shipping: tree.get("shipping").map(shipping),
        statement_descriptor: tree.owned_text("statement_descriptor"),
        statement_descriptor_suffix: tree.owned_text("statement_descriptor_suffix"),
        transfer_group: tree.owned_text("transfer_group"),
        request_3ds: card_options.and_then(|card| card.owned_text("request_three_d_secure")),
        allowed_types: tree.texts("allowed_payment_method_types"),
        excluded_types: tree.texts("excluded_payment_method_types"),
    }
}

fn shipping(tree: &Tree) -> Shipping {
    Shipping {
        name: tree.owned_text("name"),
        phone: tree.owned_text("phone"),
        carrier: tree.owned_text("carrier"),
        tracking_number: tree.owned_text("tracking_number"),
        address: tree.map("address"),
    }
}

/// The payer's browser is sent there, so it may only be a web page.
fn return_url(tree: &Tree) -> Result<Option<String>, StripeError> {
    let Some(url) = tree.text("return_url") else { return Ok(None) };
    let is_web_page =
        url.parse::<Uri>().is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if is_web_page {
        Ok(Some(url.to_owned()))
    } else {
        Err(StripeError::invalid("Not a valid URL").code("url_invalid").param("return_url"))
    }
}

fn new_method(tree: &Tree) -> Result<NewMethod, StripeError> {
    if tree.text("type").is_none() {
        return Err(StripeError::missing_parameter("type"));
    }
    let card = tree.get("card").ok_or_else(|| StripeError::missing_parameter("card"))?;
    let source = match (card.owned_text("token"), card.owned_text("number")) {
        (Some(token), _) => CardSource::Token(token),
        (None, Some(number)) => {
            amounts::card_details(card)?;
            CardSource::Number(number)
        }
        (None, None) => return Err(StripeError::missing_parameter("card[number]").param("card[number]")),
    };
    let billing = tree.get("billing_details").map(|details| Billing {
        name: details.owned_text("name"),
        email: details.owned_text("email"),
        phone: details.owned_text("phone"),
        address: details.map("address"),
    });
    Ok(NewMethod {
        card: source,
        billing: billing.unwrap_or_default(),
        metadata: tree.map("metadata"),
        allow_redisplay: tree.owned_text("allow_redisplay"),
    })
}

fn new_file(tree: &Tree) -> Result<NewFile, StripeError> {
    let missing = |name: &str| StripeError::missing_parameter(name);
    tree.text("purpose").ok_or_else(|| missing("purpose"))?;
    let file = tree.get("file").ok_or_else(|| missing("file"))?;
    let size = file.text("size").and_then(|size| size.parse().ok());
    Ok(NewFile {
        name: file.owned_text("name").ok_or_else(|| missing("file"))?,
        size: size.ok_or_else(|| missing("file"))?,
    })
}

pub(super) fn of(tree: &Tree) -> Of {
    Of { payment_intent: tree.owned_text("payment_intent"), charge: tree.owned_text("charge") }
}

pub(super) fn page(tree: &Tree) -> Result<Page, StripeError> {
    const DEFAULT_LIMIT: usize = 10;
    const MAX_LIMIT: usize = 100;
    let limit = tree.text("limit").map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
        StripeError::invalid(format!("This value must be between 1 and {MAX_LIMIT}."))
            .code("parameter_invalid_integer")
            .param("limit")
    })?;
    Ok(Page { limit, starting_after: tree.owned_text("starting_after") })
}
