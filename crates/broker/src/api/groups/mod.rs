//! The APIs of groups: each takes its request apart by group, and asks the groups' coordinators.

mod describing;
mod membership;
mod offset_commit;
mod offset_fetch;
mod offsets;
mod reasons;

pub(crate) use describing::{consumer_describe, delete, describe, list};
pub(crate) use membership::{consumer_heartbeat, heartbeat, join, leave, sync};
pub(crate) use offset_commit::offset_commit;
pub(crate) use offset_fetch::offset_fetch;
pub(crate) use offsets::offset_delete;

use crate::coordinators;
use crate::request::Context;
use dohle_coordinator::group::{Answer, Asked, Client, Command, GroupCoordinator, Request};
use dohle_metadata::controller::Seed;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;

/// Asks the coordinator of `group`, at once; the answer comes to who awaits it.
///
/// # Errors
/// What every group API may answer while there is no coordinator to ask.
pub(super) fn ask(
    context: &Context,
    group: &Text,
    request: Request,
) -> impl Future<Output = Result<Answer, ErrorCode>> + Send + use<> {
    let command = command(context, request);
    coordinators::ask::<GroupCoordinator, _>(&context.node, group, command)
}

/// A request as the machine takes it.
pub(super) fn command(
    context: &Context,
    request: Request,
) -> impl FnOnce(Token) -> Command + Clone + Send + use<> {
    let random = &context.node.env.random;
    let seed = Seed([random.next_u64(), random.next_u64()]);
    let client = Client { id: context.client_id.detached(), host: context.host.clone() };
    let version = context.version;
    move |token| Command::Ask(Box::new(Asked { token, version, seed, client, request }))
}
