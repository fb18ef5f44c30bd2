//! Every route with the parameters it takes, as Stripe's version 2026-10-28.endive has them.
//!
//! A parameter that Stripe takes and the sandbox does not honour is listed as `NotSimulated`, so that using it is an
//! error that says so. A parameter that is not listed is unknown to Stripe too.

use axum::http::Method;

use super::{
    disputes,
    shape::{
        Fields,
        Shape::{Descriptor, Email, Flag, Hash, Integer, Metadata, NotSimulated, OneOf, Text, Texts},
    },
};

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    CreateIntent,
    GetIntent,
    UpdateIntent,
    ConfirmIntent,
    CaptureIntent,
    CancelIntent,
    ListIntents,
    CreateMethod,
    GetMethod,
    CreateToken,
    GetToken,
    CreateRefund,
    GetRefund,
    ListRefunds,
    GetCharge,
    ListCharges,
    OnDisputes(disputes::Name),
    CreateFile,
    GetFile,
    GetMovement,
    ListMovements,
    GetBalance,
    GetAccount,
}

/// A route and who may take it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) name: Name,
    pub(super) fields: Fields,
    pub(super) open_to_browsers: bool,
    pub(super) browser_fields: Fields,
}

/// The route of this method and path (without `/v1`).
pub(super) fn find(method: &Method, path: &[&str]) -> Option<Route> {
    let server = |name, fields| Some(Route { name, fields, open_to_browsers: false, browser_fields: &[] });
    let both = |name, fields, browser_fields| Some(Route { name, fields, open_to_browsers: true, browser_fields });
    match (method.as_str(), path) {
        ("POST", ["payment_intents"]) => server(Name::CreateIntent, CREATE_INTENT),
        ("GET", ["payment_intents"]) => server(Name::ListIntents, LIST_INTENTS),
        ("GET", ["payment_intents", _]) => both(Name::GetIntent, GET_INTENT, BROWSER_GET),
        ("POST", ["payment_intents", _]) => server(Name::UpdateIntent, UPDATE_INTENT),
        ("POST", ["payment_intents", _, "confirm"]) => both(Name::ConfirmIntent, CONFIRM_INTENT, BROWSER_CONFIRM),
        ("POST", ["payment_intents", _, "capture"]) => server(Name::CaptureIntent, CAPTURE_INTENT),
        ("POST", ["payment_intents", _, "cancel"]) => server(Name::CancelIntent, CANCEL_INTENT),
        ("POST", ["payment_methods"]) => server(Name::CreateMethod, CREATE_METHOD),
        ("GET", ["payment_methods", _]) => server(Name::GetMethod, ONLY_EXPAND),
        ("POST", ["test_helpers", "confirmation_tokens"]) => server(Name::CreateToken, CREATE_TOKEN),
        ("GET", ["confirmation_tokens", _]) => server(Name::GetToken, ONLY_EXPAND),
        ("POST", ["refunds"]) => server(Name::CreateRefund, CREATE_REFUND),
        ("GET", ["refunds"]) => server(Name::ListRefunds, LIST_OF),
        ("GET", ["refunds", _]) => server(Name::GetRefund, ONLY_EXPAND),
        ("GET", ["charges"]) => server(Name::ListCharges, LIST_CHARGES),
        ("GET", ["charges", _]) => server(Name::GetCharge, ONLY_EXPAND),
        ("GET", ["balance_transactions"]) => server(Name::ListMovements, LIST_MOVEMENTS),
        ("GET", ["balance_transactions", _]) => server(Name::GetMovement, ONLY_EXPAND),
        ("GET", ["balance"]) => server(Name::GetBalance, ONLY_EXPAND),
        ("GET", ["account"]) => server(Name::GetAccount, ONLY_EXPAND),
        ("POST", ["files"]) => server(Name::CreateFile, CREATE_FILE),
        ("GET", ["files", _]) => server(Name::GetFile, ONLY_EXPAND),
        _ => disputes::find(method, path).and_then(|(name, fields)| server(Name::OnDisputes(name), fields)),
    }
}

const CAPTURE_METHODS: &[&str] = &["automatic", "automatic_async", "manual"];
const FUTURE_USAGES: &[&str] = &["", "on_session", "off_session"];
const OFF_SESSION: &[&str] = &["true", "false", "one_off", "recurring"];

pub(super) const ONLY_EXPAND: Fields = &[("expand", Texts)];

const ADDRESS: Fields =
    &[("city", Text), ("country", Text), ("line1", Text), ("line2", Text), ("postal_code", Text), ("state", Text)];
const SHIPPING: Fields =
    &[("address", Hash(ADDRESS)), ("name", Text), ("phone", Text), ("carrier", Text), ("tracking_number", Text)];
const BILLING: Fields =
    &[("address", Hash(ADDRESS)), ("email", Text), ("name", Text), ("phone", Text), ("tax_id", NotSimulated)];
const AUTOMATIC: Fields = &[("enabled", Flag), ("allow_redirects", OneOf(&["always", "never"]))];
const METHOD_OPTIONS: Fields = &[(
    "card",
    Hash(&[
        ("request_three_d_secure", OneOf(&["any", "automatic", "challenge"])),
        ("setup_future_usage", OneOf(&["", "none", "on_session", "off_session"])),
        ("capture_method", NotSimulated),
        ("moto", NotSimulated),
        ("mandate_options", NotSimulated),
        ("stored_credential_usage", OneOf(&["installment", "recurring", "unscheduled"])),
        ("three_d_secure", NotSimulated),
    ]),
)];

const CREATE_INTENT: Fields = &[
    ("amount", Integer),
    ("currency", Text),
    ("allowed_payment_method_types", Texts),
    ("amount_details", NotSimulated),
    ("application_fee_amount", NotSimulated),
    ("automatic_payment_methods", Hash(AUTOMATIC)),
    ("capture_method", OneOf(CAPTURE_METHODS)),
    ("confirm", Flag),
    ("confirmation_method", OneOf(&["automatic"])),
    ("confirmation_token", Text),
    ("customer", NotSimulated),
    ("customer_account", NotSimulated),
    ("description", Text),
    ("error_on_requires_action", Flag),
    ("excluded_payment_method_types", Texts),
    ("expand", Texts),
    ("hooks", NotSimulated),
    ("mandate", NotSimulated),
    ("mandate_data", NotSimulated),
    ("metadata", Metadata),
    ("off_session", OneOf(OFF_SESSION)),
    ("on_behalf_of", NotSimulated),
    ("payment_details", NotSimulated),
    ("payment_method", Text),
    ("payment_method_configuration", NotSimulated),
    ("payment_method_data", NotSimulated),
    ("payment_method_options", Hash(METHOD_OPTIONS)),
    ("radar_options", NotSimulated),
    ("receipt_email", Email),
    ("return_url", Text),
    ("setup_future_usage", OneOf(FUTURE_USAGES)),
    ("shipping", Hash(SHIPPING)),
    ("statement_descriptor", Descriptor),
    ("statement_descriptor_suffix", Descriptor),
    ("transfer_data", NotSimulated),
    ("transfer_group", Text),
    ("use_stripe_sdk", Flag),
];

const UPDATE_INTENT: Fields = &[
    ("allowed_payment_method_types", Texts),
    ("amount", Integer),
    ("amount_details", NotSimulated),
    ("application_fee_amount", NotSimulated),
    ("capture_method", OneOf(CAPTURE_METHODS)),
    ("currency", Text),
    ("customer", NotSimulated),
    ("customer_account", NotSimulated),
    ("description", Text),
    ("excluded_payment_method_types", Texts),
    ("expand", Texts),
    ("hooks", NotSimulated),
    ("metadata", Metadata),
    ("payment_details", NotSimulated),
    ("payment_method", Text),
    ("payment_method_configuration", NotSimulated),
    ("payment_method_data", NotSimulated),
    ("payment_method_options", Hash(METHOD_OPTIONS)),
    ("receipt_email", Email),
    ("setup_future_usage", OneOf(FUTURE_USAGES)),
    ("shipping", Hash(SHIPPING)),
    ("statement_descriptor", Descriptor),
    ("statement_descriptor_suffix", Descriptor),
    ("transfer_data", NotSimulated),
    ("transfer_group", Text),
];

const CONFIRM_INTENT: Fields = &[
    ("allowed_payment_method_types", Texts),
    ("amount_details", NotSimulated),
    ("amount_to_confirm", NotSimulated),
    ("capture_method", OneOf(CAPTURE_METHODS)),
    ("confirmation_token", Text),
    ("error_on_requires_action", Flag),
    ("excluded_payment_method_types", Texts),
    ("expand", Texts),
    ("hooks", NotSimulated),
    ("mandate", NotSimulated),
    ("mandate_data", NotSimulated),
    ("off_session", OneOf(OFF_SESSION)),
    ("payment_details", NotSimulated),
    ("payment_method", Text),
    ("payment_method_data", NotSimulated),
    ("payment_method_options", Hash(METHOD_OPTIONS)),
    ("radar_options", NotSimulated),
    ("receipt_email", Email),
    ("return_url", Text),
    ("setup_future_usage", OneOf(FUTURE_USAGES)),
    ("shipping", Hash(SHIPPING)),
    ("use_stripe_sdk", Flag),
];

/// What Stripe.js sends; the rest of a confirmation is the server's to say.
const BROWSER_CONFIRM: Fields = &[
    ("key", Text),
    ("client_secret", Text),
    ("_stripe_version", Text),
    ("confirmation_token", Text),
    ("expand", Texts),
    ("expected_payment_method_type", Text),
    ("payment_method", Text),
    ("payment_method_data", NotSimulated),
    ("receipt_email", Email),
    ("return_url", Text),
    ("setup_future_usage", OneOf(FUTURE_USAGES)),
    ("shipping", Hash(SHIPPING)),
    ("use_stripe_sdk", Flag),
];

const GET_INTENT: Fields = &[("client_secret", Text), ("expand", Texts)];
const BROWSER_GET: Fields =
    &[("key", Text), ("client_secret", Text), ("_stripe_version", Text), ("is_stripe_sdk", Flag), ("expand", Texts)];

const CAPTURE_INTENT: Fields = &[
    ("amount_details", NotSimulated),
    ("amount_to_capture", Integer),
    ("application_fee_amount", NotSimulated),
    ("expand", Texts),
    ("final_capture", OneOf(&["true"])),
    ("hooks", NotSimulated),
    ("metadata", Metadata),
    ("payment_details", NotSimulated),
    ("statement_descriptor", Descriptor),
    ("statement_descriptor_suffix", Descriptor),
    ("transfer_data", NotSimulated),
];

const CANCEL_INTENT: Fields = &[
    ("cancellation_reason", OneOf(&["abandoned", "duplicate", "fraudulent", "requested_by_customer"])),
    ("expand", Texts),
];

const LIST_INTENTS: Fields = &[
    ("created", NotSimulated),
    ("customer", NotSimulated),
    ("customer_account", NotSimulated),
    ("ending_before", NotSimulated),
    ("expand", Texts),
    ("limit", Integer),
    ("starting_after", Text),
];

const CREATE_METHOD: Fields = &[
    ("allow_redisplay", OneOf(&["always", "limited", "unspecified"])),
    ("billing_details", Hash(BILLING)),
    (
        "card",
        Hash(&[
            ("token", Text),
            ("number", Text),
            ("exp_month", Integer),
            ("exp_year", Integer),
            ("cvc", Text),
            ("networks", NotSimulated),
        ]),
    ),
    ("customer", NotSimulated),
    ("expand", Texts),
    ("metadata", Metadata),
    ("payment_method", NotSimulated),
    ("radar_options", NotSimulated),
    ("type", OneOf(&["card"])),
];

const CREATE_TOKEN: Fields = &[
    ("expand", Texts),
    ("payment_method", Text),
    ("payment_method_data", NotSimulated),
    ("payment_method_options", NotSimulated),
    ("return_url", Text),
    ("setup_future_usage", OneOf(FUTURE_USAGES)),
    ("shipping", Hash(SHIPPING)),
];

const CREATE_REFUND: Fields = &[
    ("amount", Integer),
    ("charge", Text),
    ("currency", NotSimulated),
    ("customer", NotSimulated),
    ("expand", Texts),
    ("instructions_email", Text),
    ("metadata", Metadata),
    ("origin", NotSimulated),
    ("payment_intent", Text),
    ("reason", OneOf(&["duplicate", "fraudulent", "requested_by_customer"])),
    ("refund_application_fee", NotSimulated),
    ("reverse_transfer", NotSimulated),
];

pub(super) const LIST_OF: Fields = &[
    ("charge", Text),
    ("created", NotSimulated),
    ("ending_before", NotSimulated),
    ("expand", Texts),
    ("limit", Integer),
    ("payment_intent", Text),
    ("starting_after", Text),
];

const LIST_CHARGES: Fields = &[
    ("created", NotSimulated),
    ("customer", NotSimulated),
    ("ending_before", NotSimulated),
    ("expand", Texts),
    ("limit", Integer),
    ("payment_intent", Text),
    ("starting_after", Text),
    ("transfer_group", NotSimulated),
];

const LIST_MOVEMENTS: Fields = &[
    ("created", NotSimulated),
    ("currency", NotSimulated),
    ("ending_before", NotSimulated),
    ("expand", Texts),
    ("limit", Integer),
    ("payout", NotSimulated),
    ("source", Text),
    ("starting_after", Text),
    ("type", Text),
];

/// What `files` makes of an upload.
const CREATE_FILE: Fields = &[
    ("expand", Texts),
    ("file", Hash(&[("name", Text), ("size", Integer), ("sha256", Text)])),
    ("file_link_data", NotSimulated),
    ("purpose", OneOf(&["dispute_evidence"])),
];
