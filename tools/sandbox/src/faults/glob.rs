//! Paths with gaps: `*` stands for anything inside one segment, `**` for anything.

/// Whether the whole path fits the pattern.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return (0..=path.len()).filter_map(|start| path.get(start..)).any(|tail| fits(rest, tail));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let segment_end = path.find('/').unwrap_or(path.len());
        return (0..=segment_end).filter_map(|start| path.get(start..)).any(|tail| fits(rest, tail));
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(wanted), Some(found)) if wanted == found => {
            fits(pattern.get(wanted.len_utf8()..).unwrap_or_default(), path.get(found.len_utf8()..).unwrap_or_default())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_keep_to_their_segment_unless_doubled() {
        assert!(fits("/v1/payment_intents/*/confirm", "/v1/payment_intents/pi_1/confirm"));
        assert!(!fits("/v1/payment_intents/*", "/v1/payment_intents/pi_1/confirm"));
        assert!(fits("/v1/**", "/v1/payment_intents/pi_1/confirm"));
        assert!(fits("**/confirm", "/v1/payment_intents/pi_1/confirm"));
        assert!(fits("/v1/refunds", "/v1/refunds") && !fits("/v1/refunds", "/v1/refunds/re_1"));
    }
}
