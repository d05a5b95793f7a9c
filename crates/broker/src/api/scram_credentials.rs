//! DescribeUserScramCredentials and AlterUserScramCredentials: who may log in by a password.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_user_scram_credentials_request::AlterUserScramCredentialsRequest;
use dohle_protocol::messages::alter_user_scram_credentials_response::{
    AlterUserScramCredentialsResponse, AlterUserScramCredentialsResult,
};
use dohle_protocol::messages::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
use dohle_protocol::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResponse, DescribeUserScramCredentialsResult,
};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn describe(
    context: &Context,
    request: DescribeUserScramCredentialsRequest,
) -> DescribeUserScramCredentialsResponse {
    let image = &context.view().image;
    // How often each user is asked for.
    let mut users: BTreeMap<Text, usize> = BTreeMap::new();
    for user in request.users.into_iter().flatten() {
        *users.entry(user.name).or_default() += 1;
    }
    if users.is_empty() {
        users = image.scram.keys().map(|(_, user)| (user.clone(), 1)).collect();
    }
    DescribeUserScramCredentialsResponse {
        // Where Kafka has no sentence it says an empty one, not null.
        error_message: Some(Text::default()),
        results: users.into_iter().map(|(user, times)| one(image, user, times)).collect(),
        ..DescribeUserScramCredentialsResponse::default()
    }
}

fn one(image: &Image, user: Text, times: usize) -> DescribeUserScramCredentialsResult {
    let refused = |error_code, message: String| DescribeUserScramCredentialsResult {
        user: user.clone(),
        error_code,
        error_message: Some(message.into()),
        ..DescribeUserScramCredentialsResult::default()
    };
    if 1 < times {
        let message = format!(
            "Cannot describe SCRAM credentials for the same user twice in a single request: {user}"
        );
        return refused(ErrorCode::DUPLICATE_RESOURCE, message);
    }
    let of_user = image.scram.iter().filter(|((_, name), _)| *name == user);
    let credential_infos: Vec<CredentialInfo> = of_user
        .map(|((mechanism, _), credential)| CredentialInfo {
            mechanism: *mechanism,
            iterations: credential.iterations,
            ..CredentialInfo::default()
        })
        .collect();
    if credential_infos.is_empty() {
        let message = format!("Attempt to describe a user credential that does not exist: {user}");
        return refused(ErrorCode::RESOURCE_NOT_FOUND, message);
    }
    DescribeUserScramCredentialsResult {
        user,
        error_message: Some(Text::default()),
        credential_infos,
        ..DescribeUserScramCredentialsResult::default()
    }
}

pub(crate) async fn alter(
    context: Context,
    request: AlterUserScramCredentialsRequest,
) -> AlterUserScramCredentialsResponse {
    let deleted = request.deletions.iter().map(|deletion| &deletion.name);
    let upserted = request.upsertions.iter().map(|upsertion| &upsertion.name);
    let users: BTreeSet<Text> = deleted.chain(upserted).cloned().collect();
    let request = Request::AlterUserScramCredentials(request);
    if let Some(Answer::AlterUserScramCredentials(response)) =
        context.node.controller.ask(context.version, request).await
    {
        return response;
    }
    let unanswered = users.into_iter().map(|user| AlterUserScramCredentialsResult {
        user,
        error_code: ErrorCode::REQUEST_TIMED_OUT,
        error_message: None,
        ..AlterUserScramCredentialsResult::default()
    });
    AlterUserScramCredentialsResponse { results: unanswered.collect(), ..Default::default() }
}
