//! SCRAM credentials and access control entries.

use bytes::Bytes;
use dohle_protocol::messages::alter_user_scram_credentials_request::{
    AlterUserScramCredentialsRequest, ScramCredentialDeletion, ScramCredentialUpsertion,
};
use dohle_protocol::messages::create_acls_request::{AclCreation, CreateAclsRequest};
use dohle_protocol::messages::delete_acls_request::{DeleteAclsFilter, DeleteAclsRequest};
use dohle_protocol::messages::describe_acls_request::DescribeAclsRequest;
use dohle_protocol::messages::describe_user_scram_credentials_request::{
    DescribeUserScramCredentialsRequest, UserName,
};

use crate::diff::world::World;

/// Users, mechanisms and rounds to set; users and mechanisms to delete.
fn alteration(
    upsertions: &[(&str, i8, i32)],
    deletions: &[(&str, i8)],
) -> AlterUserScramCredentialsRequest {
    let upsertion = |(name, mechanism, iterations): &(&str, i8, i32)| ScramCredentialUpsertion {
        name: (*name).into(),
        mechanism: *mechanism,
        iterations: *iterations,
        salt: Bytes::from_static(b"salt"),
        salted_password: Bytes::from_static(b"salted"),
        ..ScramCredentialUpsertion::default()
    };
    let deletion = |(name, mechanism): &(&str, i8)| ScramCredentialDeletion {
        name: (*name).into(),
        mechanism: *mechanism,
        ..ScramCredentialDeletion::default()
    };
    AlterUserScramCredentialsRequest {
        upsertions: upsertions.iter().map(upsertion).collect(),
        deletions: deletions.iter().map(deletion).collect(),
        ..AlterUserScramCredentialsRequest::default()
    }
}

fn description(users: Option<&[&str]>) -> DescribeUserScramCredentialsRequest {
    let user = |name: &&str| UserName { name: (*name).into(), ..UserName::default() };
    DescribeUserScramCredentialsRequest {
        users: users.map(|users| users.iter().map(user).collect()),
        ..DescribeUserScramCredentialsRequest::default()
    }
}

pub(super) fn scram(world: &mut World) {
    for version in world.versions::<AlterUserScramCredentialsRequest>() {
        for (what, upsertions, deletions) in [
            ("nothing", &[][..], &[][..]),
            ("two users", &[("sc-a", 1, 4096), ("sc-b", 2, 8192)], &[]),
            ("second mechanism", &[("sc-a", 2, 16384)], &[]),
            ("set again", &[("sc-a", 1, 5000)], &[]),
            ("too few rounds", &[("sc-a", 1, 4095)], &[]),
            ("too many rounds", &[("sc-a", 1, 16385)], &[]),
            ("unknown mechanism", &[("sc-a", 3, 4096)], &[]),
            ("mechanism 0", &[("sc-a", 0, 4096)], &[]),
            ("empty name", &[("", 1, 4096)], &[]),
            ("user twice", &[("sc-c", 1, 4096), ("sc-c", 2, 4096)], &[]),
            ("set and delete", &[("sc-a", 1, 4096)], &[("sc-a", 1)]),
            ("a good and a bad user", &[("sc-c", 1, 4096), ("sc-d", 1, 1)], &[]),
            ("delete", &[], &[("sc-b", 2)]),
            ("delete again", &[], &[("sc-b", 2)]),
            ("delete of another mechanism", &[], &[("sc-c", 2)]),
            ("delete of mechanism 9", &[], &[("sc-c", 9)]),
            ("delete of nobody", &[], &[("", 1)]),
            ("delete twice", &[], &[("sc-c", 1), ("sc-c", 1)]),
        ] {
            world.note(what, version, &alteration(upsertions, deletions));
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    for version in world.versions::<DescribeUserScramCredentialsRequest>() {
        world.note("all", version, &description(None));
        world.note("empty list", version, &description(Some(&[])));
        world.note("two users", version, &description(Some(&["sc-a", "sc-c"])));
        world.note("unknown user", version, &description(Some(&["sc-a", "sc-none"])));
        world.note("user twice", version, &description(Some(&["sc-a", "sc-c", "sc-a"])));
        world.note("empty name", version, &description(Some(&[""])));
    }
}

/// Without an authorizer.
pub(super) fn acls(world: &mut World) {
    for version in world.versions::<DescribeAclsRequest>() {
        for (what, resource_type_filter, pattern_type_filter) in
            [("all", 1, 1), ("topics", 2, 3), ("unknown type", 0, 1), ("unknown pattern", 1, 0)]
        {
            let request = DescribeAclsRequest {
                resource_type_filter,
                pattern_type_filter,
                operation: 1,
                permission_type: 1,
                ..DescribeAclsRequest::default()
            };
            world.note(what, version, &request);
        }
    }
    for version in world.versions::<CreateAclsRequest>() {
        let creation = |resource_type, resource_pattern_type| AclCreation {
            resource_type,
            resource_name: "acl".into(),
            resource_pattern_type,
            principal: "User:a".into(),
            host: "*".into(),
            operation: 3,
            permission_type: 3,
            ..AclCreation::default()
        };
        for (what, creations) in [
            ("one", vec![creation(2, 3)]),
            ("two", vec![creation(2, 3), creation(3, 3)]),
            ("any type", vec![creation(1, 3)]),
            ("unknown type", vec![creation(2, 3), creation(0, 3)]),
            ("none", vec![]),
        ] {
            let request = CreateAclsRequest { creations, ..CreateAclsRequest::default() };
            world.note(what, version, &request);
        }
    }
    for version in world.versions::<DeleteAclsRequest>() {
        let filter = |resource_type_filter| DeleteAclsFilter {
            resource_type_filter,
            pattern_type_filter: 3,
            operation: 1,
            permission_type: 1,
            ..DeleteAclsFilter::default()
        };
        for (what, filters) in [
            ("one", vec![filter(1)]),
            ("two", vec![filter(2), filter(3)]),
            ("none", vec![]),
            ("unknown type", vec![filter(0)]),
        ] {
            let request = DeleteAclsRequest { filters, ..DeleteAclsRequest::default() };
            world.note(what, version, &request);
        }
    }
}
