//! How our own enums are spelled in rows. The spelling is for ever, whatever the types or the API call things later.

use domain::{
    decline::{Advice, DeclineCategory},
    dispute::{Channel, Reason, Reminder, Stage, Status},
    gateway::{Gateway, Mode},
    payment::{CancelReason, CaptureMethod, Confirmation, RefundReason, ReviewReason},
    webhook::{DisableReason, SkipReason},
};

/// An enum that is stored as a word.
pub(super) trait Word: Copy + 'static {
    /// All its words, each with what it means.
    const WORDS: &'static [(&'static str, Self)];

    /// The word for it.
    fn word(self) -> &'static str;

    /// What a word means.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
    }
}

/// One list makes both directions, and the compiler refuses a list that leaves a variant out.
macro_rules! words {
    ($enum:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl Word for $enum {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words!(Gateway { Stripe = "stripe", PayPal = "paypal" });
words!(DisableReason { Requested = "requested", Gone = "gone" });
words!(SkipReason { EndpointDisabled = "endpoint_disabled", EndpointRemoved = "endpoint_removed", NoEvent = "no_event" });
words!(Mode { Test = "test", Live = "live" });
words!(CaptureMethod { Automatic = "automatic", Manual = "manual" });
words!(Confirmation { Explicit = "explicit", Automatic = "automatic" });
words!(ReviewReason {
    OutcomeUnknown = "outcome_unknown",
    ObjectMismatch = "object_mismatch",
    UnrecognizedStatus = "unrecognized_status",
    KeyMismatch = "key_mismatch",
    MoneyElsewhereClaimed = "money_elsewhere_claimed",
    MoneyElsewhere = "money_elsewhere",
    LateSuccess = "late_success",
    AutomaticRefundFailed = "automatic_refund_failed",
    RefundUnknown = "refund_unknown",
});
words!(CancelReason {
    Duplicate = "duplicate",
    Fraudulent = "fraudulent",
    RequestedByCustomer = "requested_by_customer",
    Abandoned = "abandoned",
});
words!(RefundReason {
    Duplicate = "duplicate",
    Fraudulent = "fraudulent",
    RequestedByCustomer = "requested_by_customer",
});
words!(DeclineCategory {
    Later = "later",
    LaterFewTimes = "later_few_times",
    PayerMustAct = "payer_must_act",
    LookForEarlier = "look_for_earlier",
    Never = "never",
});
words!(Advice {
    ConfirmCardData = "confirm_card_data",
    DoNotTryAgain = "do_not_try_again",
    TryAgainLater = "try_again_later",
});
words!(Stage {
    Inquiry = "inquiry",
    Chargeback = "chargeback",
    PreArbitration = "pre_arbitration",
    Arbitration = "arbitration",
    Appeal = "appeal",
});
words!(Status {
    NeedsResponse = "needs_response",
    UnderReview = "under_review",
    Won = "won",
    Lost = "lost",
    Prevented = "prevented",
    Closed = "closed",
});
words!(Reason {
    Fraudulent = "fraudulent",
    NotReceived = "not_received",
    NotAsDescribed = "not_as_described",
    Duplicate = "duplicate",
    IncorrectAmount = "incorrect_amount",
    CreditNotProcessed = "credit_not_processed",
    SubscriptionCanceled = "subscription_canceled",
    PaidByOtherMeans = "paid_by_other_means",
    Unrecognized = "unrecognized",
    BankCannotProcess = "bank_cannot_process",
    Other = "other",
});
words!(Channel { Evidence = "evidence", Appeal = "appeal" });
words!(Reminder { Week = "7d", ThreeDays = "3d", Day = "1d" });
