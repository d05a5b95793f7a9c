//! What things look like.

use super::*;
use serde_json::json;

const PLAIN: Look = Look { is_colored: false, columns: None };
const COLORED: Look = Look { is_colored: true, columns: Some(80) };

#[track_caller]
fn check(things: &Value, look: Look, expected: &[&str]) {
    let text = rendered(things.as_array().unwrap(), look);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected, "\n{text}");
}

#[test]
fn one_table() {
    check(&json!([]), PLAIN, &[]);
    let things = json!([
        { "name": "orders", "id": "x", "isInternal": false, "lag": 5, "rack": null, "elr": [] },
        { "name": "b", "id": "\u{1b}[2J", "isInternal": true, "lag": 1234, "rack": null, "elr": [] },
        { "name": "", "id": "y", "isInternal": true, "lag": null, "elr": [] },
    ]);
    check(
        &things,
        PLAIN,
        &[
            "NAME    ID    IS-INTERNAL   LAG",
            "orders  x     false           5",
            "b       \u{fffd}[2J  true         1234",
            "\"\"      y     true            -",
        ],
    );
    // All is nothing: then that is the answer.
    check(&json!([{ "clusterId": null }]), PLAIN, &["CLUSTER-ID", "-"]);
    let quota = json!([{ "entity": { "user": "u" }, "quotas": { "a": 5, "b": 6 } }]);
    check(&quota, PLAIN, &["ENTITY  QUOTAS", "user=u  a=5,b=6"]);
}

#[test]
fn wide_and_long_cells() {
    let long = "x".repeat(41);
    let things = json!([
        { "name": "\u{6ce8}\u{6587}", "value": "1", "of": "a" },
        { "name": "n", "value": long, "of": "b" },
        { "name": "m", "value": "22", "of": "c" },
    ]);
    let screen = Look { is_colored: false, columns: Some(80) };
    let row = format!("n     {long}  b");
    check(
        &things,
        screen,
        &["NAME  VALUE  OF", "\u{6ce8}\u{6587}  1      a", &row, "m     22     c"],
    );
}

#[test]
fn things_with_parts() {
    let partition = |index: i32, leader: Option<i32>, isr: Value| {
        let replicas = json!([1, 2, 3]);
        json!({ "partition": index, "leader": leader, "replicas": replicas, "isr": isr, "elr": null })
    };
    let things = json!([
        {
            "name": "orders",
            "id": null,
            "configs": { "retention.ms": "5", "cleanup.policy": "delete" },
            "partitions": [partition(0, Some(1), json!([1, 2, 3])), partition(10, None, json!([]))],
        },
        { "name": "b", "configs": {}, "partitions": [partition(0, Some(2), json!([2]))] },
    ]);
    check(
        &things,
        PLAIN,
        &[
            "name: orders  configs: retention.ms=5,cleanup.policy=delete",
            "  PARTITION  LEADER  REPLICAS  ISR",
            "          0       1  1,2,3     1,2,3",
            "         10       -  1,2,3     -",
            "",
            "name: b",
            "  PARTITION  LEADER  REPLICAS  ISR",
            "          0       2  1,2,3     2",
        ],
    );
    let narrow = Look { is_colored: false, columns: Some(40) };
    let text = rendered(things.as_array().unwrap(), narrow);
    assert!(text.starts_with("name: orders\nconfigs: retention"), "{text}");
    let text = rendered(things.as_array().unwrap(), COLORED);
    for expected in [
        "\u{1b}[1mname:\u{1b}[0m orders",
        "\u{1b}[1mPARTITION\u{1b}[0m  \u{1b}[1mLEADER\u{1b}[0m",
        "         10       \u{1b}[31m-\u{1b}[0m  1,2,3     \u{1b}[31m-\u{1b}[0m\n",
        "          0       2  1,2,3     \u{1b}[33m2\u{1b}[0m\n",
    ] {
        assert!(text.contains(expected), "{expected:?}\n{text:?}");
    }
}

#[test]
fn parts_of_parts() {
    let of = |index: i32| json!({ "partition": format!("t-{index}"), "size": 10 * index });
    let things = json!([{
        "broker": 1,
        "logDirs": [
            { "partitions": [of(0), of(1)], "error": null, "logDir": "/a" },
            { "partitions": [], "error": "KafkaStorageException", "logDir": "/b" },
        ],
    }]);
    check(
        &things,
        PLAIN,
        &[
            "broker: 1",
            "  logDir: /a",
            "    PARTITION  SIZE",
            "    t-0           0",
            "    t-1          10",
            "",
            "  error: KafkaStorageException  logDir: /b",
        ],
    );
    let quorum = json!([{
        "clusterId": "c",
        "currentVoters": [{ "id": 1 }],
        "currentObservers": [{ "id": 2 }],
    }]);
    let expected =
        ["clusterId: c", "  currentVoters", "  ID", "   1", "  currentObservers", "  ID", "   2"];
    check(&quorum, PLAIN, &expected);
    // Which of two it is, is said also where the other has nothing.
    let quorum = json!([{ "currentVoters": [{ "id": 1 }], "currentObservers": [], "epoch": 5 }]);
    check(&quorum, PLAIN, &["epoch: 5", "  currentVoters", "  ID", "   1"]);
}

#[test]
fn lists_in_cells_are_short() {
    let assignment: Vec<_> =
        (0..30).map(|index| json!({ "topic": "t", "partition": index })).collect();
    let things = json!([{
        "consumerId": "c",
        "assignment": assignment,
        "synonyms": [{ "name": "a", "value": "b", "source": "S" }],
    }]);
    let first: Vec<_> = (0..10).map(|index| format!("t-{index}")).collect();
    let row = format!("c            {},... (30 in all)  a=b", first.join(","));
    let text = rendered(things.as_array().unwrap(), PLAIN);
    assert_eq!(text.lines().nth(1), Some(row.as_str()), "{text}");
}

#[test]
fn tones() {
    for (thing, field, expected) in [
        (json!({ "lag": 0 }), "lag", Tone::Plain),
        (json!({ "lag": 1 }), "lag", Tone::Warning),
        (json!({ "lag": null }), "lag", Tone::Plain),
        (json!({ "isr": [1], "replicas": [1] }), "isr", Tone::Plain),
        (json!({ "isr": [1], "replicas": [1, 2] }), "isr", Tone::Warning),
        (json!({ "isr": [], "replicas": [1, 2] }), "isr", Tone::Wrong),
        (json!({ "offlineReplicas": [2] }), "offlineReplicas", Tone::Wrong),
        (json!({ "leader": null }), "leader", Tone::Wrong),
        (json!({ "leader": 1 }), "leader", Tone::Plain),
        (json!({ "error": "E" }), "error", Tone::Wrong),
        (json!({ "state": "Stable" }), "state", Tone::Plain),
        (json!({ "state": "Assigning" }), "state", Tone::Warning),
        (json!({ "state": "Dead" }), "state", Tone::Wrong),
    ] {
        let thing = thing.as_object().unwrap();
        assert_eq!(tone(field, &thing[field], thing), expected, "{thing:?}");
    }
}
