//! What is told of a classic group.

use super::{ClassicGroup, Member, State};
use dohle_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use dohle_protocol::messages::list_groups_response::ListedGroup;
use dohle_protocol::wire::Text;

impl ClassicGroup {
    /// As ListGroups has it.
    pub(in crate::group) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            group_state: Text::from_static(self.state().name()),
            group_type: Text::from_static("classic"),
            ..Default::default()
        }
    }

    /// As DescribeGroups has it. Only a stable group has a protocol.
    pub(in crate::group) fn described(&self) -> DescribedGroup {
        let is_stable = self.state() == State::Stable;
        let protocol = self.protocol.as_ref().filter(|_| is_stable);
        let member = |member: &Member| DescribedGroupMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            client_id: member.client.id.clone(),
            client_host: member.client.host.clone(),
            member_metadata: member.metadata(protocol),
            member_assignment: member.assignment.clone(),
            ..Default::default()
        };
        DescribedGroup {
            group_id: self.id.clone(),
            group_state: Text::from_static(self.state().name()),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol_data: protocol.cloned().unwrap_or_default(),
            members: self.members.iter().map(member).collect(),
            ..Default::default()
        }
    }
}
