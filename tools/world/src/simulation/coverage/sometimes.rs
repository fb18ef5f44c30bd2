//! The rare things that must happen sometimes.

/// What must happen sometimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sometimes {
    /// A charge is made by a request whose sender had given up.
    LateCharge,
    /// A write that arrives late goes through.
    LateWriteThatLands,
    /// A write that arrives late finds that somebody else was first.
    LateWriteThatIsOvertaken,
    /// A write meets itself and is recognised.
    SelfConflict,
    /// A write is overtaken by another and decided again.
    Conflict,
    /// The sweep is shown an index that lags behind the rows.
    StaleIndex,
    /// An unanswered attempt is found whose key has died.
    DeadKey,
    /// An open capture is found whose key has died.
    DeadCaptureKey,
    /// Somebody is shown a list that does not know of a payment yet.
    StaleList,
    /// A function goes on after its caller gave up, and writes.
    ZombieWriter,
    /// Money moves after the payment had ended otherwise: the row becomes `succeeded`.
    LateSuccess,
    /// A function is killed between writing down what it is about to ask and asking it.
    KilledBetweenCommitAndCall,
    /// A function is killed between the gateway's answer and writing it down.
    KilledBetweenCallAndCommit,
    /// A function runs out of its time.
    OutOfTime,
    /// A message comes back from the dead-letter queue, days later.
    RedriveAfterDays,
    /// A message is received twice.
    DoubledMessage,
    /// Several messages come in one invocation.
    Batch,
    /// Such an invocation is killed, or out of time, and all of them come back.
    BatchKilled,
    /// Some of them come back and others do not.
    BatchInPart,
    /// A webhook is never delivered.
    LostWebhook,
    /// A webhook is delivered twice.
    DoubledWebhook,
    /// A webhook arrives an hour or more after what it tells.
    LateWebhook,
    /// A webhook is delivered again because it was not taken.
    RedeliveredWebhook,
    /// An event of the other mode arrives.
    EventOfOtherMode,
    /// An event about another object that bears the payment's id arrives.
    ForeignObject,
    /// The gateway repeats an answer.
    ReplayedAnswer,
    /// The gateway repeats a failure it has saved.
    ReplayedFailure,
    /// A client's request is answered as a replay.
    ReplayedRequest,
    /// A key is used with another body, and refused.
    ReusedKey,
    /// A browser confirms by itself.
    BrowserConfirm,
    /// A payer approves an order.
    OrderApproved,
    /// What was approved is charged without its client.
    AutomaticConfirm,
    /// An order's payment ends while a request on it might still arrive, and is watched.
    WatchedEnd,
    /// A payer is asked to authenticate.
    Challenge,
    /// A bank takes its time.
    SlowBank,
    /// A charge is declined.
    Decline,
    /// A declined charge is tried again by Quittance itself.
    Reattempt,
    /// A payment is given up because no try can help.
    GivenUp,
    /// A cancel loses its race against a charge.
    ChargeBeatsCancel,
    /// A payment expires.
    Expired,
    /// A function's clock goes backwards.
    ClockBackwards,
    /// A function's clock is ahead of the others.
    ClockAhead,
    /// A new release is deployed while requests of the old one are on their way.
    Deploy,
    /// A row that the release before wrote is written anew by the present one.
    RowOfTheReleaseBefore,
    /// A doubt is found where the release before put all that is due.
    DoubtInAnOldPartition,
    /// The same request is made at the same time by two.
    TwoAtOnce,
    /// A person is called.
    PersonCalled,
    /// The sweep does not run for half a day or more.
    LongOutage,
    /// Somebody pauses payments, or those at one gateway.
    Paused,
    /// A pause outlasts the gateways' keys.
    LongPause,
    /// A payment is paid.
    Paid,
    /// Of what is held, a part is taken.
    TakenInPart,
    /// A payment is refunded.
    Refunded,
    /// A payment is refunded in part.
    RefundedInPart,
    /// A refund is sent again, for the gateway does not have it.
    RefundSentAgain,
    /// A refund whose answer was lost is found at the gateway.
    RefundFound,
    /// A refund fails at once.
    RefundFails,
    /// A refund that had succeeded fails after all.
    RefundFailsLater,
    /// A refund takes its time.
    RefundPending,
    /// A refund of which nobody heard is not there, and its key has died.
    DeadRefundKey,
    /// The dashboard refunds.
    DashboardRefund,
    /// Money that came too late goes back by itself.
    RefundedByItself,
    /// A payer disputes a payment.
    DisputeOpened,
    /// A dispute is won.
    DisputeWon,
    /// A dispute is lost.
    DisputeLost,
    /// A dispute ends because the payer was given the money.
    DisputePrevented,
    /// A dispute that was over, or an inquiry, goes on.
    DisputeGoesOn,
    /// Evidence is put by.
    EvidenceDrafted,
    /// Evidence is submitted.
    EvidenceSubmitted,
    /// An answer to a dispute is sent again, for the dispute does not show it.
    DisputeAnswerSentAgain,
    /// An answer to a dispute of which nobody had heard is found to have been done.
    DisputeAnswerFound,
    /// An answer to a dispute is refused.
    DisputeAnswerRefused,
    /// A dispute moves on without the merchant's answer.
    DisputeAnswerOvertaken,
    /// A dispute is given in to.
    DisputeAccepted,
    /// Somebody answers a dispute in the gateway's dashboard.
    DashboardAnswers,
    /// A deadline is near, and the alarm is raised.
    DeadlineNear,
    /// A refund is refused because of what a dispute holds.
    RefundOfDisputedMoney,
    /// A refund is asked for that a dispute has overtaken, and the gateway refuses it.
    DisputeBeatsRefund,
    /// A change is told again that was told before.
    ToldAgain,
    /// Whoever tells is killed in mid-batch.
    TellerKilled,
    /// A call of whoever tells fails, or its answer is lost.
    TellingFails,
    /// The merchant's servers are down, and are sent something.
    MerchantDown,
    /// The merchant has taken an event, and its answer is lost.
    AnswerOfMerchantLost,
    /// The merchant asks to be told later.
    PutOff,
    /// An endpoint says that it is gone.
    EndpointGone,
    /// An endpoint takes an event that it had taken before.
    HeardTwice,
    /// An endpoint hears of an older state after a newer one.
    HeardOutOfOrder,
    /// An event is delivered an hour or more after it was told.
    DeliveredLate,
    /// Whoever delivers is killed on the way.
    DelivererKilled,
    /// A call of whoever delivers fails, or its answer is lost.
    DeliveringFails,
    /// A delivery is tried before its event is written down.
    EventAwaited,
    /// A delivery waits, for its endpoint is disabled.
    DeliveryWithheld,
    /// A delivery is not made, for its endpoint was disabled.
    DeliverySkipped,
    /// Nobody is nudged for a delivery, and the sweep finds it.
    NudgeOfDeliveryLost,
    /// Two are nudged for a delivery at once.
    NudgeOfDeliveryDoubled,
    /// A nudge for a delivery comes late.
    NudgeOfDeliveryLate,
    /// An endpoint is registered while events are told.
    RegisteredMeanwhile,
    /// An event is signed with the new secret and with the one before.
    SignedByTwo,
}

impl Sometimes {
    /// All of them.
    pub const ALL: [Self; 98] = [
        Self::LateCharge,
        Self::LateWriteThatLands,
        Self::LateWriteThatIsOvertaken,
        Self::SelfConflict,
        Self::Conflict,
        Self::StaleIndex,
        Self::StaleList,
        Self::DeadKey,
        Self::DeadCaptureKey,
        Self::ZombieWriter,
        Self::LateSuccess,
        Self::KilledBetweenCommitAndCall,
        Self::KilledBetweenCallAndCommit,
        Self::OutOfTime,
        Self::RedriveAfterDays,
        Self::DoubledMessage,
        Self::Batch,
        Self::BatchKilled,
        Self::BatchInPart,
        Self::LostWebhook,
        Self::DoubledWebhook,
        Self::LateWebhook,
        Self::RedeliveredWebhook,
        Self::EventOfOtherMode,
        Self::ForeignObject,
        Self::ReplayedAnswer,
        Self::ReplayedFailure,
        Self::ReplayedRequest,
        Self::ReusedKey,
        Self::BrowserConfirm,
        Self::OrderApproved,
        Self::AutomaticConfirm,
        Self::WatchedEnd,
        Self::Challenge,
        Self::SlowBank,
        Self::Decline,
        Self::Reattempt,
        Self::GivenUp,
        Self::ChargeBeatsCancel,
        Self::Expired,
        Self::ClockBackwards,
        Self::ClockAhead,
        Self::Deploy,
        Self::RowOfTheReleaseBefore,
        Self::DoubtInAnOldPartition,
        Self::TwoAtOnce,
        Self::PersonCalled,
        Self::LongOutage,
        Self::Paused,
        Self::LongPause,
        Self::Paid,
        Self::TakenInPart,
        Self::Refunded,
        Self::RefundedInPart,
        Self::RefundSentAgain,
        Self::RefundFound,
        Self::RefundFails,
        Self::RefundFailsLater,
        Self::RefundPending,
        Self::DeadRefundKey,
        Self::DashboardRefund,
        Self::RefundedByItself,
        Self::DisputeOpened,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::DisputePrevented,
        Self::DisputeGoesOn,
        Self::EvidenceDrafted,
        Self::EvidenceSubmitted,
        Self::DisputeAnswerSentAgain,
        Self::DisputeAnswerFound,
        Self::DisputeAnswerRefused,
        Self::DisputeAnswerOvertaken,
        Self::DisputeAccepted,
        Self::DashboardAnswers,
        Self::DeadlineNear,
        Self::RefundOfDisputedMoney,
        Self::DisputeBeatsRefund,
        Self::ToldAgain,
        Self::TellerKilled,
        Self::TellingFails,
        Self::MerchantDown,
        Self::AnswerOfMerchantLost,
        Self::PutOff,
        Self::EndpointGone,
        Self::HeardTwice,
        Self::HeardOutOfOrder,
        Self::DeliveredLate,
        Self::DelivererKilled,
        Self::DeliveringFails,
        Self::EventAwaited,
        Self::DeliveryWithheld,
        Self::DeliverySkipped,
        Self::NudgeOfDeliveryLost,
        Self::NudgeOfDeliveryDoubled,
        Self::NudgeOfDeliveryLate,
        Self::RegisteredMeanwhile,
        Self::SignedByTwo,
    ];
}
