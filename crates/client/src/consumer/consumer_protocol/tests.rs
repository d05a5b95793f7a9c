//! What a member says and does, step by step.

use super::state::{After, Facts, State, Wanted};
use crate::Error;
use crate::consumer::membership::Step;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::ConsumerGroupHeartbeatResponse;
use dohle_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};

const T: Uuid = Uuid::from_u128(1_000);
const U: Uuid = Uuid::from_u128(2_000);

/// A member that wants `t` and `u`, and knows the name of `t`.
fn member(instance: Option<&str>) -> State {
    let facts = Facts {
        group: "g".into(),
        member_id: "m".into(),
        instance_id: instance.map(Into::into),
        rack: Some("r".into()),
        assignor: Some("range".into()),
        rebalance_timeout_ms: 7,
    };
    let mut state = State::new(facts);
    state.want(Wanted { names: vec!["t".into(), "u".into()], pattern: None });
    state.name(T, "t".into());
    state
}

/// The next heartbeat, in one line.
fn say(state: &mut State) -> String {
    let request = state.heartbeat();
    let mut said = format!("{} {}", request.member_id, request.member_epoch);
    let mut add = |name: &str, value: Option<String>| {
        said.extend(value.map(|value| format!(" {name}={value}")));
    };
    add("instance", request.instance_id.map(|one| one.to_string()));
    add("rack", request.rack_id.map(|one| one.to_string()));
    let timeout = request.rebalance_timeout_ms;
    add("timeout", (timeout >= 0).then(|| timeout.to_string()));
    add("names", request.subscribed_topic_names.map(|names| names.join("+")));
    add("pattern", request.subscribed_topic_regex.map(|one| format!("'{one}'")));
    add("assignor", request.server_assignor.map(|one| one.to_string()));
    let owned = request.topic_partitions.map(|owned| {
        let shown = owned.iter().map(|one| format!("{}{:?}", letter(one.topic_id), one.partitions));
        format!("[{}]", shown.collect::<Vec<_>>().join(" "))
    });
    add("owned", owned);
    said
}

fn letter(id: Uuid) -> &'static str {
    if id == T { "t" } else { "u" }
}

fn hear(state: &mut State, epoch: i32, assignment: Option<&[(Uuid, &[i32])]>) {
    let assignment = assignment.map(|topics| Assignment {
        topic_partitions: topics
            .iter()
            .map(|(id, partitions)| TopicPartitions {
                topic_id: *id,
                partitions: partitions.to_vec(),
                ..TopicPartitions::default()
            })
            .collect(),
        ..Assignment::default()
    });
    state.on_answer(&ConsumerGroupHeartbeatResponse {
        member_id: Some("m".into()),
        member_epoch: epoch,
        heartbeat_interval_ms: 5_000,
        assignment,
        ..ConsumerGroupHeartbeatResponse::default()
    });
}

/// What the consumer is to do, in one line; it is done.
fn act(state: &mut State) -> String {
    let shown = |partitions: Vec<crate::TopicPartition>| {
        partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    match state.step() {
        Ok(Step::Rest) => "rest".to_owned(),
        Ok(Step::GiveUp { keeps, is_ours }) => {
            state.gave_up();
            let how = if is_ours { "keep" } else { "lost, keep" };
            format!("{how} [{}]", shown(keeps))
        }
        Ok(Step::Take(partitions)) => format!("take [{}]", shown(partitions)),
        Err(error) => format!("error {error}"),
    }
}

/// A member in its group, with these partitions of `t`.
fn settled(partitions: &[i32]) -> State {
    let mut state = member(None);
    say(&mut state);
    hear(&mut state, 3, Some(&[(T, partitions)]));
    act(&mut state);
    say(&mut state);
    hear(&mut state, 3, None);
    assert_eq!((act(&mut state), state.has_news()), ("rest".to_owned(), false));
    state
}

#[test]
fn a_heartbeat_says_only_what_has_changed() {
    let mut state = member(Some("i"));
    assert!(state.beats() && state.has_news());
    let all = "instance=i rack=r timeout=7 names=t+u assignor=range owned=[]";
    assert_eq!(say(&mut state), format!("m 0 {all}"));
    assert_eq!(act(&mut state), "rest");
    hear(&mut state, 1, Some(&[]));
    assert_eq!(act(&mut state), "take []");
    assert_eq!(say(&mut state), "m 1 instance=i owned=[]");
    hear(&mut state, 2, Some(&[(T, &[0, 1])]));
    assert_eq!(act(&mut state), "take [t-0 t-1]");
    assert!(state.has_news());
    assert_eq!(say(&mut state), "m 2 instance=i owned=[t[0, 1]]");
    hear(&mut state, 2, None);
    assert_eq!(act(&mut state), "rest");
    assert!(!state.has_news());
    assert_eq!(say(&mut state), "m 2 instance=i");
    state.want(Wanted { names: Vec::new(), pattern: Some("t.*".into()) });
    assert!(state.has_news());
    assert_eq!(say(&mut state), "m 2 instance=i names= pattern='t.*'");
    state.want(Wanted { names: vec!["t".into()], pattern: None });
    assert_eq!(say(&mut state), "m 2 instance=i names=t pattern=''");
}

#[test]
fn what_is_not_in_the_target_is_given_up_before_more_is_taken() {
    let mut state = settled(&[0, 1]);
    hear(&mut state, 4, Some(&[(T, &[1, 2])]));
    // Given and not done, it is given again.
    assert!(matches!(state.step(), Ok(Step::GiveUp { is_ours: true, .. })));
    assert_eq!(act(&mut state), "keep [t-1]");
    assert!(state.has_news());
    assert_eq!(act(&mut state), "take [t-1 t-2]");
    assert_eq!(say(&mut state), "m 4 owned=[t[1, 2]]");
    hear(&mut state, 5, Some(&[(T, &[1])]));
    assert_eq!(act(&mut state), "keep [t-1]");
    assert_eq!(act(&mut state), "take [t-1]", "whoever counts what is dealt out hears of it");
    assert_eq!(act(&mut state), "rest");
    assert_eq!(say(&mut state), "m 5 owned=[t[1]]");
}

#[test]
fn what_was_given_up_is_told_even_if_it_comes_back_at_once() {
    for is_told_between in [true, false] {
        let mut state = settled(&[0, 1]);
        hear(&mut state, 4, Some(&[(T, &[1])]));
        assert_eq!(act(&mut state), "keep [t-1]");
        assert!(state.has_news());
        if is_told_between {
            assert_eq!(say(&mut state), "m 4 owned=[t[1]]");
        }
        hear(&mut state, 5, Some(&[(T, &[0, 1])]));
        assert_eq!(act(&mut state), "take [t-0 t-1]");
        assert!(state.has_news());
        assert_eq!(say(&mut state), "m 5 owned=[t[0, 1]]");
    }
}

#[test]
fn a_topic_of_which_nothing_is_given_is_not_held() {
    let mut state = settled(&[0]);
    hear(&mut state, 4, Some(&[(T, &[])]));
    assert_eq!(act(&mut state), "keep []");
    assert_eq!(act(&mut state), "take []");
    assert_eq!(say(&mut state), "m 4 owned=[]");
}

#[test]
fn who_was_not_polled_joins_anew_at_once_and_has_nothing_of_before() {
    let mut state = settled(&[0]);
    state.lose();
    assert_eq!(act(&mut state), "lost, keep []");
    assert!(state.beats() && state.has_news());
    let all = "rack=r timeout=7 names=t+u assignor=range owned=[]";
    assert_eq!(say(&mut state), format!("m 0 {all}"));
    hear(&mut state, 9, None);
    assert_eq!(act(&mut state), "take []");
}

#[test]
fn topics_without_a_name_wait_for_it() {
    let mut state = settled(&[0]);
    hear(&mut state, 4, Some(&[(T, &[0]), (U, &[5])]));
    assert_eq!(state.nameless(), [U]);
    assert_eq!(act(&mut state), "rest");
    state.name(U, "u".into());
    assert_eq!(act(&mut state), "take [t-0 u-5]");
    assert_eq!(say(&mut state), "m 4 owned=[t[0] u[5]]");
}

#[test]
fn whom_the_group_has_lost_joins_again_once_all_is_given_up() {
    for code in [
        ErrorCode::UNKNOWN_MEMBER_ID,
        ErrorCode::FENCED_MEMBER_EPOCH,
        // In Kafka's Java client this ends the consumer. A group that was lost can be made again.
        ErrorCode::GROUP_ID_NOT_FOUND,
    ] {
        let mut state = settled(&[0]);
        assert_eq!(state.on_failure(code.into()), After::Wait);
        assert!(!state.beats() && state.seat().is_none() && state.leaving().is_none());
        assert_eq!(act(&mut state), "lost, keep []", "{code:?}");
        assert!(state.beats() && state.has_news());
        let all = "rack=r timeout=7 names=t+u assignor=range owned=[]";
        assert_eq!(say(&mut state), format!("m 0 {all}"));
        hear(&mut state, 9, Some(&[(T, &[0])]));
        assert_eq!(act(&mut state), "take [t-0]");
    }
}

#[test]
fn whom_the_group_loses_while_it_gives_up_has_lost_all() {
    let mut state = settled(&[0, 1]);
    hear(&mut state, 4, Some(&[(T, &[0])]));
    assert!(matches!(state.step(), Ok(Step::GiveUp { is_ours: true, .. })));
    state.on_failure(ErrorCode::FENCED_MEMBER_EPOCH.into());
    state.gave_up();
    assert_eq!(act(&mut state), "lost, keep []");
    assert_eq!(act(&mut state), "rest");
}

#[test]
fn after_a_failure_everything_is_said_again() {
    for (error, after) in [
        (ErrorCode::COORDINATOR_LOAD_IN_PROGRESS.into(), After::Pause),
        (ErrorCode::NOT_COORDINATOR.into(), After::FindAgain),
        (Error::Disconnected(std::io::ErrorKind::TimedOut), After::FindAgain),
    ] {
        let mut state = settled(&[0]);
        assert_eq!(state.on_failure(error), after);
        assert_eq!(act(&mut state), "rest");
        assert_eq!(say(&mut state), "m 3 timeout=7 names=t+u assignor=range owned=[t[0]]");
    }
}

#[test]
fn what_no_other_try_mends_ends_it() {
    let refused = |code, words: &str| Error::Refused { code, message: Some(words.into()) };
    for (error, says) in [
        (refused(ErrorCode::UNRELEASED_INSTANCE_ID, "held"), "error held"),
        (refused(ErrorCode::UNSUPPORTED_ASSIGNOR, "none"), "error none"),
        (
            refused(ErrorCode::INVALID_REGULAR_EXPRESSION, "[ is wrong."),
            "error Invalid RE2J SubscriptionPattern provided in the call to subscribe. [ is wrong.",
        ),
        (
            ErrorCode::UNSUPPORTED_VERSION.into(),
            "error The cluster does not support the new CONSUMER group protocol. Set \
             group.protocol=classic on the consumer configs to revert to the CLASSIC protocol until \
             the cluster is upgraded.",
        ),
    ] {
        let mut state = settled(&[0]);
        assert_eq!(state.on_failure(error), After::Wait);
        assert!(!state.beats());
        assert_eq!(act(&mut state), says);
        assert_eq!(act(&mut state), says, "for good");
    }
    let mut outside = member(None);
    say(&mut outside);
    outside.on_failure(refused(ErrorCode::GROUP_ID_NOT_FOUND, "not its kind"));
    assert_eq!(act(&mut outside), "error not its kind");
}

#[test]
fn a_complaint_is_told_once_and_heartbeats_go_on() {
    let mut state = settled(&[0]);
    state.on_failure(ErrorCode::TOPIC_AUTHORIZATION_FAILED.into());
    assert_eq!(act(&mut state), "error Topic authorization failed.");
    assert_eq!(act(&mut state), "rest");
    assert!(state.beats());
}

#[test]
fn who_leaves_says_for_how_long() {
    for (instance, epoch) in [(None, -1), (Some("i"), -2)] {
        let mut state = member(instance);
        assert!(state.leaving().is_none(), "nobody knows it");
        say(&mut state);
        // The answer may be on its way.
        assert_eq!(state.leaving().unwrap().member_epoch, epoch);
        hear(&mut state, 1, Some(&[]));
        let request = state.leaving().unwrap();
        assert_eq!((request.member_epoch, request.subscribed_topic_names), (epoch, None));
    }
}
