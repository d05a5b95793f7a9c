//! Streams groups: what their coordinators say of them. Their offsets are read, set and deleted as those of any group.

use super::Admin;
use super::topics::nothing;
use crate::Error;
use dohle_protocol::messages::StreamsGroupDescribeRequest;
use dohle_protocol::messages::streams_group_describe_response::DescribedGroup;

impl Admin {
    /// A streams group (KIP-1071).
    ///
    /// # Errors
    /// What its coordinator has against it; of a group that does not exist, that it does not.
    pub async fn describe_streams_group(&self, id: &str) -> Result<DescribedGroup, Error> {
        let request = StreamsGroupDescribeRequest {
            group_ids: vec![id.into()],
            ..StreamsGroupDescribeRequest::default()
        };
        let described = self.call("describeStreamsGroups", Self::group(id), &request, |answer| {
            let group = answer.groups.into_iter().next().ok_or_else(nothing)?;
            Error::check(group.error_code, group.error_message.clone())?;
            Ok(group)
        });
        described.await
    }
}
