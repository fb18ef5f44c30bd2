//! One call at a time works on an object; the next waits a little and is then told to come back.

use std::time::Duration;

use crate::{clock::Moment, state::App};

/// How often a call looks whether its object is free.
const POLL: Duration = Duration::from_millis(5);

/// The right to work on an object, given back when this is dropped.
pub(crate) struct Held<'a> {
    app: &'a App,
    object: Option<String>,
}

impl<'a> Held<'a> {
    /// Waits for the object; `None` if somebody else works on it for too long.
    pub(crate) async fn take(app: &'a App, object: Option<&str>) -> Option<Self> {
        let Some(object) = object else { return Some(Self { app, object: None }) };
        let patience = Moment::now().after_ms(app.config.lock_wait_ms);
        loop {
            if app.state().busy.insert(object.to_owned()) {
                return Some(Self { app, object: Some(object.to_owned()) });
            }
            if Moment::now() >= patience {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(object) = &self.object {
            self.app.state().busy.remove(object);
        }
    }
}
