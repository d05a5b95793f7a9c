//! Requests that make or delete partitions, within their client's quota (KIP-599).

use crate::quotas::Kind;
use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};

/// Asks the controller. From version `strict_from` on a client in debt is refused; before, its
/// request is fulfilled, and it waits for longer.
pub(super) async fn ask(
    context: &Context,
    version: i16,
    strict_from: i16,
    request: Request,
) -> Option<Answer> {
    let (node, client) = (&context.node, context.client());
    let left = match node.quotas.has(Kind::Mutation) {
        true => node.quotas.mutations_left(&client, node.env.clock.now()),
        false => None,
    };
    let Some(left) = left else { return node.controller.ask(version, request).await };
    let is_strict = strict_from <= context.version;
    let left = if is_strict { left } else { f64::INFINITY };
    let request = Request::Within { left, request: Box::new(request) };
    match node.controller.ask(version, request).await {
        Some(Answer::Within { used, was_exhausted, answer }) => {
            let wait_ms = node.quotas.mutate(&client, used, node.env.clock.now());
            if was_exhausted || !is_strict {
                context.wait(wait_ms);
            }
            Some(*answer)
        }
        other => other,
    }
}
