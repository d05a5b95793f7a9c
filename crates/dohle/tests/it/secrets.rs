//! Passwords: whatever is set, shown, refused or logged, they appear nowhere.

use crate::golden::{Folder, shared};
use crate::server::{Server, ask, connect, log_of};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_configs_request::DescribeConfigsResource;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
    alter_configs_request,
};
use std::fs;
use std::net::TcpStream;
use std::process::Command;

/// In every password that is set here, and in nothing else.
const SECRET: &str = "magpie";

/// Those that a node refuses to start with.
const REFUSED: [&str; 1] = ["delegation.token.secret.key"];

/// The keys of type PASSWORD of Kafka's table, each with when it may change.
fn keys() -> Vec<(String, String)> {
    let path = shared().join("facts/configs.tsv");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let keys: Vec<_> = rows
        .filter(|row| row[2] == "PASSWORD")
        .map(|row| (row[1].to_owned(), row[6].to_owned()))
        .collect();
    assert!(keys.len() >= 10, "{keys:?}");
    keys
}

/// A password of its own for each place where one is set.
fn secret(place: &str, key: &str) -> String {
    format!("{SECRET}-{place}-{key}")
}

/// `server.properties` with every password that a node takes, also for one listener, one
/// mechanism, and under a name that nobody knows.
fn properties() -> String {
    let mut text = "process.roles=broker,controller\nnode.id=1\nlog.dirs=data\n\
         listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.bootstrap.servers=127.0.0.1:21098\nmetrics.port=0\n"
        .to_owned();
    for (key, _) in keys().iter().filter(|(key, _)| !REFUSED.contains(&key.as_str())) {
        for name in [key.clone(), format!("listener.name.plaintext.{key}")] {
            text.push_str(&format!("{name}={}\n", secret("file", &name)));
        }
    }
    text + &format!("listener.name.plaintext.plain.sasl.jaas.config={SECRET}-mechanism\n")
        + &format!("my.plugin.password={SECRET}-unknown\n")
}

/// One change of one broker's key; what was answered.
fn alter(stream: &mut TcpStream, name: &str, operation: i8, value: &str) -> ErrorCode {
    let config = AlterableConfig {
        name: name.into(),
        config_operation: operation,
        value: Some(value.into()),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: 4,
        resource_name: "1".into(),
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let answer = ask(stream, 1, &request);
    assert_hidden(&format!("{answer:?}"), name);
    answer.responses[0].error_code
}

/// Replaces all that is set for the broker.
fn replace(stream: &mut TcpStream, name: &str, value: &str) -> ErrorCode {
    let config = alter_configs_request::AlterableConfig {
        name: name.into(),
        value: Some(value.into()),
        ..Default::default()
    };
    let resource = alter_configs_request::AlterConfigsResource {
        resource_type: 4,
        resource_name: "1".into(),
        configs: vec![config],
        ..Default::default()
    };
    let request = AlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let answer = ask(stream, 2, &request);
    assert_hidden(&format!("{answer:?}"), name);
    answer.responses[0].error_code
}

#[track_caller]
fn assert_hidden(text: &str, of: &str) {
    let shown = text.lines().find(|line| line.contains(SECRET));
    assert!(shown.is_none(), "{of}: {}", shown.unwrap_or_default());
}

/// DescribeConfigs of the broker and of all brokers, everything asked for: the names of the rows.
fn described(stream: &mut TcpStream) -> Vec<String> {
    let resource = |name: &str| DescribeConfigsResource {
        resource_type: 4,
        resource_name: name.into(),
        configuration_keys: None,
        ..DescribeConfigsResource::default()
    };
    let request = DescribeConfigsRequest {
        resources: vec![resource("1"), resource("")],
        include_synonyms: true,
        include_documentation: true,
        ..DescribeConfigsRequest::default()
    };
    let answer = ask(stream, 4, &request);
    assert_hidden(&format!("{answer:?}"), "DescribeConfigs");
    let rows = answer.results.iter().flat_map(|result| &result.configs);
    let is_password = |name: &str| keys().iter().any(|(key, _)| name.ends_with(key));
    let mut names = Vec::new();
    for row in rows.filter(|row| row.is_sensitive) {
        assert_eq!(row.value, None, "{}", row.name);
        assert!(row.synonyms.iter().all(|synonym| synonym.value.is_none()), "{}", row.name);
        names.push(row.name.to_string());
    }
    assert!(names.iter().any(|name| is_password(name)), "{names:?}");
    names
}

#[test]
fn a_password_is_shown_nowhere() {
    let folder = Folder::new("secrets");
    fs::write(folder.0.join("server.properties"), properties()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dohle"));
    let command = command.args(["server", "server.properties"]).env("DOHLE_LOG", "trace");
    let server = Server::run(&folder, command);
    let address = server.address("PLAINTEXT");
    let mut stream = connect(address);
    let (mut taken, mut refused) = (Vec::new(), 0);
    for (key, update) in keys() {
        for prefix in ["", "listener.name.plaintext.", "listener.name.plaintext.plain."] {
            let name = format!("{prefix}{key}");
            match alter(&mut stream, &name, 0, &secret("set", &name)) {
                ErrorCode::NONE => taken.push(name),
                _ => refused += 1,
            }
        }
        // Operations of lists.
        let own = format!("listener.name.plaintext.{key}");
        for (operation, value) in [(2, secret("append", &key)), (3, secret("less", &key))] {
            assert_ne!(alter(&mut stream, &own, operation, &value), ErrorCode::NONE, "{own}");
        }
        assert_ne!(replace(&mut stream, &key, &secret("all", &key)), ErrorCode::NONE, "{key}");
        assert!(taken.contains(&own) || update != "per-broker", "{own}");
    }
    println!("taken at run time: {}, refused: {refused}", taken.len());
    let rows = described(&mut stream);
    for name in &taken {
        assert!(rows.contains(name), "{name} is not described: {rows:?}");
    }
    let (broker, to) = (["--entity-type", "brokers"], address.to_string());
    let to = ["configs", "--bootstrap-server", &to, broker[0], broker[1], "--entity-name", "1"];
    for words in [
        &["--describe"][..],
        &["--describe", "--all"],
        &["--alter", "--add-config", &format!("ssl.keystore.password={SECRET}-tool")],
        &["--alter", "--add-config", &format!("listener.name.a.ssl.key.password={SECRET}-tool")],
    ] {
        let (code, out, err) = folder.told(&[&to[..], words].concat());
        println!("configs {words:?}: {code}\n{}\n{}", out.len(), err.lines().next().unwrap_or(""));
        assert_hidden(&out, "standard output of configs");
        assert_hidden(&err, "standard error of configs");
        let shows = words == ["--describe", "--all"] && out.contains("ssl.keystore.password=null");
        assert!(words != ["--describe", "--all"] || shows, "{out}");
    }
    let (code, rest) = server.stop();
    assert_eq!(code, Some(0));
    assert_hidden(&rest, "standard output");
    let log = log_of(&folder);
    assert!(log.contains("ssl.keystore.password has no effect"), "{log}");
    assert!(log.contains("my.plugin.password is no configuration"), "{log}");
    assert_hidden(&log, "the log");
    // What was set at run time is read again.
    let mut command = Command::new(env!("CARGO_BIN_EXE_dohle"));
    let command = command.args(["server", "server.properties"]).env("DOHLE_LOG", "trace");
    let server = Server::run(&folder, command);
    let rows = described(&mut connect(server.address("PLAINTEXT")));
    assert!(taken.iter().all(|name| rows.contains(name)), "{rows:?}");
    assert_eq!(server.stop().0, Some(0));
    assert_hidden(&log_of(&folder), "the log of the next start");
}

/// A start that fails says why; in any file with a password.
#[test]
fn a_refused_start_shows_no_password() {
    let folder = Folder::new("secrets-refused");
    let map =
        |speaks| format!("listener.security.protocol.map=PLAINTEXT:{speaks},CONTROLLER:PLAINTEXT");
    for (line, expected) in [
        (
            format!("delegation.token.secret.key={SECRET}"),
            "delegation.token.secret.key is [hidden]",
        ),
        ("num.partitions=many".to_owned(), "num.partitions"),
        ("listeners=PLAINTEXT://:no".to_owned(), ":no"),
        (map("SSL"), "TLS"),
        (map("SASL_SSL"), "SASL"),
    ] {
        fs::write(folder.0.join("server.properties"), properties() + &line + "\n").unwrap();
        let (code, out, err) = folder.told(&["server", "server.properties"]);
        println!("{line}: {err}");
        assert_eq!((code, out.as_str()), (1, ""), "{line}");
        assert!(err.contains(expected), "{line}: {err}");
        assert_hidden(&err, &line);
    }
    for key in keys().iter().map(|(key, _)| key) {
        let word = format!("{key}={SECRET}");
        let (_, out, err) = folder.told(&["server", "--override", &word, "--override", "nothing"]);
        assert_hidden(&(out + &err), key);
    }
}
