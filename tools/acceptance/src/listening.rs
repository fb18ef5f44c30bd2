//! Who hears of what happens at the gateways: the endpoints that they know, and how a test changes them.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const STRIPES: &str = "/v1/webhook_endpoints";

impl Sandbox {
    /// The endpoints of the merchant's account at Stripe, the newest first.
    pub async fn endpoints_at_stripe(&self) -> Vec<Value> {
        let listed = self.server("GET", &format!("{STRIPES}?limit=100"), "").await.expect(200).at("/data");
        listed.as_array().cloned().unwrap_or_default()
    }

    /// Somebody changes one of them in the dashboard.
    pub async fn change_endpoint(&self, id: &str, form: &str) {
        drop(self.server("POST", &format!("{STRIPES}/{id}"), form).await.expect(200));
    }

    /// Somebody deletes one of them there.
    pub async fn delete_endpoint(&self, id: &str) {
        drop(self.server("DELETE", &format!("{STRIPES}/{id}"), "").await.expect(200));
    }

    /// The webhooks of the merchant's app at PayPal, the newest first.
    pub async fn webhooks_at_paypal(&self) -> Vec<Value> {
        let listed = self.shown_by_paypal("/v1/notifications/webhooks").await;
        listed["webhooks"].as_array().cloned().unwrap_or_default()
    }

    /// Nobody hears of anything any more, but for the merchant's own servers.
    pub async fn forget_endpoints(&self) {
        drop(self.control("DELETE", "webhook_endpoints", &Value::Null).await.expect(204));
    }

    /// As it was when the stack came up: Stripe signs with this secret, PayPal for this webhook, and everything is told.
    pub async fn tell_as_before(&self, stripe: (&str, &str), paypal: (&str, &str)) {
        self.forget_endpoints().await;
        for body in [json!({"url": stripe.0, "secret": stripe.1}), json!({"url": paypal.0, "webhookId": paypal.1})] {
            drop(self.control("POST", "webhook_endpoints", &body).await.expect(201));
        }
    }
}
