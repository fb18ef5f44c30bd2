//! PayPal's links: where an object is, what may be done with it, and where its payer is to go.

use domain::text::{GatewayToken, WebUrl};
use serde::Deserialize;

use crate::{gateway::word::Word, named::Named};

/// A link.
#[derive(Deserialize)]
pub(super) struct Link {
    href: String,
    rel: Word,
}

impl Link {
    /// Where the payer is to go, if PayPal says so and a browser can go there.
    pub(super) fn to_payer(links: &[Named<Self>]) -> Option<WebUrl> {
        const RELATIONS: [&str; 3] = ["payer-action", "approve", "redirect"];
        let to_payer = links.iter().find(|Named(link)| RELATIONS.contains(&link.rel.as_str()))?;
        WebUrl::parse(&to_payer.0.href).ok()
    }

    /// Whether it leads there. PayPal writes one relation with a dash here and an underscore there.
    pub(super) fn is(&self, relation: &str) -> bool {
        self.rel.as_str().replace('-', "_") == relation
    }

    /// The id of the object above, which is the last part of its address.
    pub(super) fn up(links: &[Named<Self>], folder: &str) -> Option<GatewayToken> {
        let up = links.iter().find(|Named(link)| link.rel.as_str() == "up")?;
        let (above, id) = up.0.href.rsplit_once('/')?;
        GatewayToken::parse(id).ok().filter(|_| above.ends_with(folder))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn links(value: Value) -> Vec<Named<Link>> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_payer_is_sent_where_a_browser_can_go_and_nowhere_else() {
        let to = |href: &str, rel: &str| {
            Link::to_payer(&links(
                json!([{"href": "https://api-m.paypal.com/x", "rel": "self"}, {"href": href, "rel": rel}]),
            ))
            .map(|url| url.as_str().to_owned())
        };
        let page = "https://www.paypal.com/checkoutnow?token=5O1";
        for rel in ["payer-action", "approve", "redirect"] {
            assert_eq!(to(page, rel).as_deref(), Some(page), "{rel}");
        }
        assert_eq!(to(page, "information_link"), None);
        assert_eq!(to("javascript:alert(1)", "approve"), None);
        assert_eq!(Link::to_payer(&[]), None);
    }

    #[test]
    fn what_an_object_belongs_to_is_in_the_link_upwards() {
        let up = |href: &str| Link::up(&links(json!([{"href": href, "rel": "up"}])), "/v2/payments/captures");
        assert_eq!(up("https://api-m.paypal.com/v2/payments/captures/3C6").unwrap().as_str(), "3C6");
        assert_eq!(up("https://api-m.paypal.com/v2/checkout/orders/5O1"), None);
        assert_eq!(up("https://api-m.paypal.com/v2/payments/captures/"), None);
        assert_eq!(up(""), None);
    }
}
