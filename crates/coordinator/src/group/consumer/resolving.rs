//! A heartbeat's part in subscriptions by regular expression.

use super::beat::Beat;
use super::refusal::Refusal;
use super::state::Resolved;
use super::{records, regex};
use ::regex::Regex;
use dohle_metadata::expression;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::wire::Text;

impl Beat<'_, '_> {
    /// True if the member subscribed to another expression, or if one stands for other topics now.
    pub(super) fn update_regex(&mut self) -> Result<bool, Refusal> {
        let (old, new) = (self.before.regex().cloned(), self.member.regex().cloned());
        let mut has_changed = old != new;
        let count = |regex: &Text| self.group.regex_counts.get(regex).copied().unwrap_or(0);
        if has_changed {
            if let Some(old) = old.filter(|old| count(old) <= 1) {
                self.records.push(records::regex(&self.group_id, &old, None));
                self.resolved.to_mut().remove(&old);
            }
            if let Some(new) = new.filter(|new| count(new) == 0) {
                let compiled = expression::compile(&new).map_err(|wrong| {
                    let message = format!("{new} is no regular expression: {wrong}");
                    Refusal::new(ErrorCode::INVALID_REGULAR_EXPRESSION, message)
                })?;
                self.resolve(&new, &compiled);
            }
        }
        let seen = self.deciding.soft.consumer.seen(&self.group_id);
        let has_new_topics =
            seen.is_none_or(|seen| seen.topics != self.deciding.soft.consumer.topics);
        let refresh_ms = i64::from(self.deciding.soft.settings.consumer_regex_refresh_interval_ms);
        let oldest = Timestamp(self.deciding.now.0.saturating_sub(refresh_ms));
        let subscribed: Vec<Text> =
            self.group.regex_counts.keys().chain(self.member.regex()).cloned().collect();
        for expression in subscribed {
            let known = self.resolved.get(&expression);
            if !has_new_topics && known.is_some_and(|known| known.at > oldest) {
                continue;
            }
            // An expression that a newer coordinator accepted stands for nothing here.
            let Ok(compiled) = expression::compile(&expression) else { continue };
            has_changed |= self.resolve(&expression, &compiled);
        }
        Ok(has_changed)
    }

    /// Finds what an expression stands for. True if that is not what it was.
    fn resolve(&mut self, expression: &Text, compiled: &Regex) -> bool {
        let now = self.deciding.now;
        let image = &self.deciding.soft.image;
        let topics = regex::resolve(compiled, image);
        let known = self.resolved.get(expression);
        if known.is_some_and(|known| known.topics == topics && known.at == now) {
            return false;
        }
        let has_changed = known.is_none_or(|known| known.topics != topics);
        let version = image.provenance.offset;
        let record =
            records::regex(&self.group_id, expression, Some((topics.clone(), version, now)));
        self.records.push(record);
        self.resolved.to_mut().insert(expression.clone(), Resolved { topics, at: now });
        has_changed
    }
}
