//! `--output json`: what commands answer to scripts.

use crate::tools::Desk;
use serde_json::{Value, json};

/// What each thing of an answer is told by: docs/json.md, which is what scripts count on.
const FIELDS: &str = include_str!("../../../../docs/json.md");

/// The array that a command answers with; every field of its objects, and no other, stands in the manual.
#[track_caller]
fn told_as_json(desk: &Desk, line: &str, row: &str) -> Vec<Value> {
    let (code, out, err) = desk.says(&format!("dohle {line} --output json"));
    assert_eq!((code, out.lines().count()), (0, 1), "{line}: {out}{err}");
    let Ok(Value::Array(things)) = serde_json::from_str(&out) else { panic!("{line}: {out}") };
    let fields = FIELDS.lines().find(|found| found.starts_with(&format!("| `{row}` | ")));
    let fields: Vec<_> =
        fields.unwrap_or_else(|| panic!("{row}")).split('`').skip(3).step_by(2).collect();
    for thing in &things {
        let mut names: Vec<_> = thing.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = fields.clone();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{line}");
    }
    things
}

#[test]
fn topics_and_groups() {
    let desk = Desk::new("json-topics");
    let at = "--bootstrap-server SERVER";
    let create = format!(
        "kafka-topics.sh --create --topic j --partitions 2 --config retention.ms=5000 {at}"
    );
    assert_eq!(desk.types(&create, "").0, 0);
    assert_eq!(desk.types(&format!("kafka-console-producer.sh --topic j {at}"), "a\nb\n").0, 0);
    let read = format!(
        "kafka-console-consumer.sh --topic j --from-beginning --max-messages 2 --group g {at}"
    );
    assert_eq!(desk.types(&read, "").0, 0);

    let topics =
        told_as_json(&desk, &format!("topics --list --exclude-internal {at}"), "topics --list");
    assert_eq!(
        (topics.len(), &topics[0]["name"], &topics[0]["isInternal"]),
        (1, &json!("j"), &json!(false))
    );
    let topics =
        told_as_json(&desk, &format!("topics --describe --topic j {at}"), "topics --describe");
    assert_eq!(topics[0]["configs"]["retention.ms"], "5000");
    assert_eq!(topics[0]["partitions"][1]["replicas"], json!([1]));
    let line = format!("topics --describe --topic j --under-replicated-partitions {at}");
    assert_eq!(told_as_json(&desk, &line, "topics --describe"), [] as [Value; 0]);

    let groups = told_as_json(&desk, &format!("groups --list {at}"), "groups --list");
    assert_eq!((&groups[0]["group"], &groups[0]["type"]), (&json!("g"), &json!("Classic")));
    let line = format!("consumer-groups --list {at}");
    assert_eq!(told_as_json(&desk, &line, "consumer-groups --list"), groups);
    let described = |what: &str| {
        let line = format!("consumer-groups --describe --group g --{what} {at}");
        let mut groups =
            told_as_json(&desk, &line, &format!("consumer-groups --describe --{what}"));
        groups.remove(0)
    };
    let group = described("offsets");
    let offsets = group["offsets"].as_array().unwrap();
    let sum = |field: &str| offsets.iter().map(|one| one[field].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("currentOffset"), sum("logEndOffset"), sum("lag")), (2, 2, 0));
    assert_eq!((&group["state"], &offsets[0]["consumerId"]), (&json!("Empty"), &Value::Null));
    assert_eq!(described("members")["members"], json!([]));
    assert_eq!(described("state")["coordinator"]["id"], 1);
}

#[test]
fn the_cluster() {
    let desk = Desk::new("json-cluster");
    let at = "--bootstrap-server SERVER";
    let create = format!("kafka-topics.sh --create --topic j --config retention.ms=5000 {at}");
    assert_eq!(desk.types(&create, "").0, 0);
    let brokers = told_as_json(
        &desk,
        &format!("log-dirs --describe --topic-list j {at}"),
        "log-dirs --describe",
    );
    assert_eq!(brokers[0]["logDirs"][0]["partitions"].as_array().unwrap().len(), 1);
    let line = format!("configs --describe --topic j {at}");
    let entities = told_as_json(&desk, &line, "configs --describe");
    assert_eq!(entities[0]["configs"][0]["value"], "5000");
    let alter = format!("kafka-configs.sh --alter --user u --add-config consumer_byte_rate=5 {at}");
    assert_eq!(desk.types(&alter, "").0, 0);
    let line = format!("configs --describe --user u {at}");
    let quotas = told_as_json(&desk, &line, "configs --describe of clients, users and addresses");
    assert_eq!(
        quotas[0],
        json!({ "entity": { "user": "u" }, "quotas": { "consumer_byte_rate": 5.0 } })
    );
    let alter =
        format!("kafka-configs.sh --alter --user s --add-config SCRAM-SHA-256=[password=x] {at}");
    assert_eq!(desk.types(&alter, "").0, 0);
    let line = format!("configs --describe --user s {at}");
    let passwords = told_as_json(&desk, &line, "configs --describe of users with a password");
    assert_eq!(
        passwords[0]["credentials"],
        json!([{ "mechanism": "SCRAM-SHA-256", "iterations": 4096 }])
    );
    let features = told_as_json(&desk, &format!("features describe {at}"), "features describe");
    assert!(features.iter().any(|one| one["feature"] == "metadata.version"), "{features:?}");
    for row in ["broker-api-versions", "cluster api-versions"] {
        let brokers = told_as_json(&desk, &format!("{row} {at}"), row);
        let apis = brokers[0]["apis"].as_array().unwrap();
        let produce = json!({
            "apiKey": 0, "name": "Produce", "minVersion": 0, "maxVersion": 13, "usableVersion": 13
        });
        assert_eq!((brokers.len(), &brokers[0]["id"], &apis[0]), (1, &json!(1), &produce));
    }
    let ids = told_as_json(&desk, &format!("cluster cluster-id {at}"), "cluster cluster-id");
    let nodes =
        told_as_json(&desk, &format!("cluster list-endpoints {at}"), "cluster list-endpoints");
    assert_eq!((ids.len(), &nodes[0]["id"]), (1, &json!(1)));
    let line = format!("metadata-quorum describe --status {at}");
    let quorum = told_as_json(&desk, &line, "metadata-quorum describe --status");
    assert_eq!(quorum[0]["currentVoters"][0]["id"], 1);
    let line = format!("metadata-quorum describe --replication {at}");
    let replicas = told_as_json(&desk, &line, "metadata-quorum describe --replication");
    assert_eq!(replicas[0]["status"], "Leader");
}

#[test]
fn moves_of_replicas() {
    let desk = Desk::new("json-moves");
    let at = "--bootstrap-server SERVER";
    let create = format!("kafka-topics.sh --create --topic j --partitions 2 {at}");
    assert_eq!(desk.types(&create, "").0, 0);
    let write = |name: &str, text: &str| std::fs::write(desk.folder().join(name), text).unwrap();
    let tool = "reassign-partitions";
    let told = |words: &str, row: &str| {
        told_as_json(&desk, &format!("{tool} {words} {at}"), &format!("{tool} {row}"))
    };
    assert_eq!(told("--list", "--list"), [] as [Value; 0]);
    write("topics.json", r#"{"topics":[{"topic":"j"}],"version":1}"#);
    let words = "--generate --topics-to-move-json-file topics.json --broker-list 1";
    let plan = &told(words, "--generate")[0]["proposed"];
    assert_eq!(plan["partitions"].as_array().unwrap().len(), 2);
    write("plan.json", &plan.to_string());
    let states = told("--verify --reassignment-json-file plan.json", "--verify");
    assert_eq!((states.len(), &states[0]["isDone"]), (2, &json!(true)));
    write("other.json", &plan.to_string().replace("[1]", "[2]"));
    // There is no broker 2 whose limits could be removed.
    let words = "--verify --preserve-throttles --reassignment-json-file other.json";
    let states = told(words, "--verify");
    assert_eq!((&states[0]["isDone"], &states[0]["replicas"]), (&json!(false), &json!([1])));
    let line = format!("dohle {tool} --verify --reassignment-json-file nope {at} --output json");
    let (code, out, err) = desk.says(&line);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("Unable to read file nope"), "{err}");
}

#[test]
fn offsets_transactions_and_client_metrics() {
    let desk = Desk::new("json-transactions");
    let at = "--bootstrap-server SERVER";
    assert_eq!(desk.types(&format!("kafka-topics.sh --create --topic j {at}"), "").0, 0);
    let send = format!(
        "kafka-producer-perf-test.sh --topic j --num-records 5 --record-size 10 --throughput -1 --transactional-id x {at}"
    );
    assert_eq!(desk.types(&send, "").0, 0);
    let line = format!("get-offsets --topic j --time earliest {at}");
    let offsets = told_as_json(&desk, &line, "get-offsets");
    assert_eq!(offsets, [json!({ "topic": "j", "partition": 0, "offset": 0 })]);

    let line = format!("transactions {at} list");
    let transactions = told_as_json(&desk, &line, "transactions list");
    assert_eq!(transactions.len(), 1);
    assert_eq!(
        (&transactions[0]["transactionalId"], &transactions[0]["coordinatorId"]),
        (&json!("x"), &json!(1))
    );
    let line = format!("transactions {at} describe --transactional-id x");
    let transactions = told_as_json(&desk, &line, "transactions describe");
    assert_eq!(
        (&transactions[0]["state"], &transactions[0]["partitions"]),
        (&json!("CompleteCommit"), &json!([]))
    );
    let line = format!("transactions {at} describe-producers --topic j --partition 0");
    let producers = told_as_json(&desk, &line, "transactions describe-producers");
    assert_eq!((producers.len(), &producers[0]["startOffset"]), (1, &Value::Null));
    let line = format!("transactions {at} find-hanging --topic j");
    assert_eq!(told_as_json(&desk, &line, "transactions find-hanging"), [] as [Value; 0]);

    for tool in ["share-groups", "streams-groups"] {
        let line = format!("{tool} --list {at}");
        assert_eq!(told_as_json(&desk, &line, &format!("{tool} --list")), [] as [Value; 0]);
        let line = format!("{tool} --describe --all-groups {at}");
        let row = format!("{tool} --describe --offsets");
        assert_eq!(told_as_json(&desk, &line, &row), [] as [Value; 0]);
    }

    let list = format!("client-metrics --list {at}");
    assert_eq!(told_as_json(&desk, &list, "client-metrics --list"), [] as [Value; 0]);
    let alter = format!("kafka-client-metrics.sh --alter --name m --interval 5000 {at}");
    assert_eq!(desk.types(&alter, "").0, 0);
    assert_eq!(told_as_json(&desk, &list, "client-metrics --list"), [json!({ "name": "m" })]);
    let line = format!("client-metrics --describe {at}");
    let described = told_as_json(&desk, &line, "client-metrics --describe");
    assert_eq!(described[0]["configs"]["interval.ms"], "5000");
    // What is not there is told beside.
    let line = format!("client-metrics --describe --name nope {at}");
    assert_eq!(told_as_json(&desk, &line, "client-metrics --describe"), [] as [Value; 0]);
}

#[test]
fn what_is_no_answer() {
    let desk = Desk::new("json-not");
    let at = "--bootstrap-server SERVER";
    for (line, code, told) in [
        // Words beside the answer and failures are for standard error; what only does something answers nothing.
        ("dohle topics --create --topic n --output json", 0, "Created topic n."),
        ("dohle topics --describe --topic nope --output json", 1, "Topic 'nope' does not exist"),
        ("dohle consumer-groups --describe --group nope --output json", 1, "nope"),
        ("dohle acls --list --output json", 1, "Error while executing ACL command"),
        ("dohle topics --list --output yaml", 1, "--output is text, json or table, not yaml"),
        // Kafka's scripts and the other commands do not know it.
        ("kafka-topics.sh --list --output json", 1, "output is not a recognized option"),
        ("dohle kafka-topics --list --output json", 1, "output is not a recognized option"),
        ("dohle delete-records --output json", 1, "output is not a recognized option"),
    ] {
        let (exit, out, err) = desk.says(&format!("{line} {at}"));
        assert_eq!((exit, out.as_str()), (code, ""), "{line}: {err}");
        assert!(err.contains(told), "{line}: {err}");
    }
}
