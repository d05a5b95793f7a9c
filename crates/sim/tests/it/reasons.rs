//! Why members come and go is told by those who do, and stands in the log.

use crate::place::{Place, listen};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::{FindCoordinatorRequest, JoinGroupRequest, LeaveGroupRequest};
use dohle_protocol::wire::Text;

fn joining(member_id: Text, reason: Option<&str>) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "g".into(),
        member_id,
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: Bytes::from_static(b"\0\0\0\0\0\0\0\0\0\0"),
            ..Default::default()
        }],
        reason: reason.map(Text::from),
        ..Default::default()
    }
}

fn leaving(member_id: &Text, reason: Option<&str>) -> LeaveGroupRequest {
    let leaving = MemberIdentity {
        member_id: member_id.clone(),
        reason: reason.map(Text::from),
        ..Default::default()
    };
    let unknown = MemberIdentity {
        member_id: "nobody".into(),
        reason: Some("never there".into()),
        ..Default::default()
    };
    LeaveGroupRequest {
        group_id: "g".into(),
        members: vec![leaving, unknown],
        ..Default::default()
    }
}

/// A member that joins and leaves; what the node said of it.
fn come_and_go(place: &mut Place, why: [Option<&str>; 2]) -> String {
    let ((), said) = listen(|| {
        let mut given = place.ask(9, joining(Text::default(), None));
        while given.error_code == ErrorCode::COORDINATOR_LOAD_IN_PROGRESS {
            given = place.ask(9, joining(Text::default(), None));
        }
        assert_eq!(given.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        let joined = place.ask(9, joining(given.member_id.clone(), why[0]));
        assert_eq!(joined.error_code, ErrorCode::NONE);
        let left = place.ask(5, leaving(&given.member_id, why[1]));
        let errors: Vec<_> = left.members.iter().map(|member| member.error_code).collect();
        assert_eq!(errors, [ErrorCode::NONE, ErrorCode::UNKNOWN_MEMBER_ID]);
    });
    said
}

#[test]
fn reasons_of_members_stand_in_the_log() {
    let mut place = Place::new(&[("group.initial.rebalance.delay.ms", "0")]);
    let find = FindCoordinatorRequest { key: "g".into(), ..Default::default() };
    while place.ask(3, find.clone()).error_code.is_error() {}
    let said = come_and_go(&mut place, [Some("a new \"sub\nscription\""), Some("it is done")]);
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("its group")).collect();
    let [joins, leaves] = &lines[..] else { panic!("a line for each: {said}") };
    assert!(joins.contains(r#"a member joins its group group="g""#), "{joins}");
    assert!(
        joins.contains(r#"reason="a new \"sub\nscription\"""#),
        "no line can be forged: {joins}"
    );
    assert!(leaves.contains(r#"a member left its group group="g""#), "{leaves}");
    assert!(leaves.contains(r#"reason="it is done""#), "{leaves}");

    let long = "x".repeat(30_000);
    let said = come_and_go(&mut place, [Some(&long), None]);
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("its group")).collect();
    let [joins] = &lines[..] else { panic!("no reason, no line: {said}") };
    assert!(joins.contains(&format!("reason=\"{}\"", "x".repeat(255))), "{joins}");
}
