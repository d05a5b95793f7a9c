//! How much a server logs, changed over the wire while it serves.

use crate::golden::Folder;
use crate::server::{ANY_PORT, Server, ask, connect, log_of};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_configs_request::DescribeConfigsResource;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::{
    ApiVersionsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
};
use std::io::Read;
use std::net::{Shutdown, TcpStream};

/// Resources of type `BROKER_LOGGER`.
const LOGGER: i8 = 8;
/// What logs the end of a connection, at DEBUG.
const PROCESSOR: &str = "kafka.network.Processor";

/// A server, what it logs, and who asks it.
struct Desk {
    folder: Folder,
    server: Server,
    stream: TcpStream,
}

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let server = Server::start(&folder, &ANY_PORT);
        let stream = connect(server.address("PLAINTEXT"));
        Self { folder, server, stream }
    }

    /// Sets levels of loggers, or takes those that are `None`.
    fn set(&mut self, levels: &[(&str, Option<&str>)], validate_only: bool) -> ErrorCode {
        let config = |(name, level): &(&str, Option<&str>)| AlterableConfig {
            name: (*name).into(),
            config_operation: i8::from(level.is_none()),
            value: level.map(Into::into),
            ..AlterableConfig::default()
        };
        let resource = AlterConfigsResource {
            resource_type: LOGGER,
            resource_name: "1".into(),
            configs: levels.iter().map(config).collect(),
            ..AlterConfigsResource::default()
        };
        let mut request = IncrementalAlterConfigsRequest { validate_only, ..Default::default() };
        request.resources.push(resource);
        ask(&mut self.stream, 1, &request).responses[0].error_code
    }

    /// What the server says of some loggers, or of all: their names with their levels.
    fn levels(&mut self, names: Option<&[&str]>) -> Vec<String> {
        let keys = names.map(|names| names.iter().map(|name| (*name).into()).collect());
        let resource = DescribeConfigsResource {
            resource_type: LOGGER,
            resource_name: "1".into(),
            configuration_keys: keys,
            ..DescribeConfigsResource::default()
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let result = ask(&mut self.stream, 4, &request).results.remove(0);
        assert_eq!(result.error_code, ErrorCode::NONE);
        let rows = result.configs.iter();
        let mut levels: Vec<String> =
            rows.map(|row| format!("{}={}", row.name, row.value.as_deref().unwrap())).collect();
        levels.sort_unstable();
        levels
    }

    /// Whether the end of a connection is logged. The server closes its side after it has logged.
    fn logs_debug(&self) -> bool {
        let mut stream = connect(self.server.address("PLAINTEXT"));
        let own = stream.local_addr().unwrap();
        ask(&mut stream, 0, &ApiVersionsRequest::default());
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
        let log = log_of(&self.folder);
        let line = log.lines().find(|line| line.contains(&own.to_string()));
        line.is_some_and(|line| line.contains("DEBUG") && line.contains("connection ended"))
    }
}

#[test]
fn a_level_holds_from_when_it_is_set() {
    let mut desk = Desk::new("loggers-set");
    assert!(!desk.logs_debug());
    assert_eq!(desk.set(&[(PROCESSOR, Some("DEBUG"))], true), ErrorCode::NONE);
    assert!(!desk.logs_debug(), "that was only to be checked");
    assert_eq!(desk.set(&[(PROCESSOR, Some("DEBUG"))], false), ErrorCode::NONE);
    assert!(desk.logs_debug());
    let names = [PROCESSOR, "kafka.server.KafkaApis", "root"];
    let expected = ["kafka.network.Processor=DEBUG", "kafka.server.KafkaApis=INFO", "root=INFO"];
    assert_eq!(desk.levels(Some(&names)), expected);
    assert_eq!(desk.set(&[(PROCESSOR, None)], false), ErrorCode::NONE);
    assert!(!desk.logs_debug());
    // Those above hold for those below that have none of their own.
    for above in ["root", "kafka"] {
        assert_eq!(desk.set(&[(above, Some("DEBUG"))], false), ErrorCode::NONE);
        assert!(desk.logs_debug(), "{above}");
        assert_eq!(desk.set(&[(above, Some("INFO"))], false), ErrorCode::NONE);
        assert!(!desk.logs_debug(), "{above}");
    }
    assert_eq!(desk.set(&[("root", Some("TRACE")), ("kafka", None)], false), ErrorCode::NONE);
    assert!(desk.levels(None).iter().all(|level| level.ends_with("=TRACE")));
    let log = log_of(&desk.folder);
    println!("{log}");
    assert!(
        log.contains("a logger gets another level logger=\"kafka.network.Processor\""),
        "{log}"
    );
    assert_eq!(desk.server.stop(), (Some(0), String::new()));
}

#[test]
fn of_changes_together_all_are_made_or_none() {
    let mut desk = Desk::new("loggers-none");
    let before = desk.levels(None);
    for (levels, code) in [
        ([(PROCESSOR, Some("DEBUG")), ("no.such", Some("DEBUG"))], ErrorCode::INVALID_CONFIG),
        ([(PROCESSOR, Some("DEBUG")), ("root", Some("LOUD"))], ErrorCode::INVALID_CONFIG),
        ([(PROCESSOR, Some("DEBUG")), ("root", None)], ErrorCode::INVALID_REQUEST),
    ] {
        assert_eq!(desk.set(&levels, false), code, "{levels:?}");
    }
    assert_eq!(desk.levels(None), before);
    assert!(before.iter().any(|level| level == "root=INFO"), "{before:?}");
    assert!(!desk.logs_debug());
}
