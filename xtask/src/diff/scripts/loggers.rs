//! Loggers: their levels described, changed, and refused to be.

use dohle_protocol::messages::describe_configs_request::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use crate::diff::world::World;

const LOGGER: i8 = 8;
/// Loggers that both have from their start, whatever a file says of levels.
const APIS: &str = "kafka.server.KafkaApis";
const MANAGER: &str = "kafka.log.LogManager";

// Operations.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// A logger, what is done to it, and the level.
type Change<'a> = (&'a str, i8, Option<&'a str>);

fn request(broker: &str, changes: &[Change<'_>]) -> IncrementalAlterConfigsRequest {
    let config = |(name, config_operation, value): &Change<'_>| AlterableConfig {
        name: (*name).into(),
        config_operation: *config_operation,
        value: value.map(Into::into),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: LOGGER,
        resource_name: broker.into(),
        configs: changes.iter().map(config).collect(),
        ..AlterConfigsResource::default()
    };
    IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() }
}

fn levels(broker: &str, loggers: &[&str]) -> DescribeConfigsRequest {
    let resource = DescribeConfigsResource {
        resource_type: LOGGER,
        resource_name: broker.into(),
        configuration_keys: Some(loggers.iter().map(|name| (*name).into()).collect()),
        ..DescribeConfigsResource::default()
    };
    let include_synonyms = true;
    DescribeConfigsRequest { resources: vec![resource], include_synonyms, ..Default::default() }
}

/// What is good, in order: each builds on those before, and the last ones undo it all.
const GOOD: &[(&str, &[Change<'_>])] = &[
    ("set one", &[(APIS, SET, Some("DEBUG"))]),
    ("set it again", &[(APIS, SET, Some("ERROR"))]),
    ("fatal", &[(APIS, SET, Some("FATAL"))]),
    ("set root", &[("root", SET, Some("WARN"))]),
    ("set two", &[(APIS, SET, Some("TRACE")), (MANAGER, SET, Some("INFO"))]),
    ("nothing", &[]),
    ("one to be above another", &[("root", SET, Some("INFO")), (MANAGER, SET, Some("WARN"))]),
    ("take one", &[(APIS, DELETE, None)]),
    ("take it again", &[(APIS, DELETE, None)]),
    ("take one, with a level", &[(MANAGER, DELETE, Some("DEBUG"))]),
];

const REFUSED: &[(&str, &str, &[Change<'_>])] = &[
    ("unknown logger", "1", &[("no.such", SET, Some("DEBUG"))]),
    ("unknown logger taken", "1", &[("no.such", DELETE, None)]),
    ("a part of names", "1", &[("kafka.server", SET, Some("DEBUG"))]),
    ("no name", "1", &[("", SET, Some("DEBUG"))]),
    ("a name's other case", "1", &[("ROOT", SET, Some("DEBUG"))]),
    ("unknown level", "1", &[(APIS, SET, Some("LOUD"))]),
    ("a level in small letters", "1", &[(APIS, SET, Some("debug"))]),
    ("off", "1", &[(APIS, SET, Some("OFF"))]),
    ("all", "1", &[(APIS, SET, Some("ALL"))]),
    ("empty level", "1", &[(APIS, SET, Some(""))]),
    ("no level", "1", &[(APIS, SET, None)]),
    ("unknown level of an unknown logger", "1", &[("no.such", SET, Some("LOUD"))]),
    ("root's level taken", "1", &[("root", DELETE, None)]),
    ("append", "1", &[(APIS, APPEND, Some("DEBUG"))]),
    ("append to an unknown logger", "1", &[("no.such", APPEND, Some("DEBUG"))]),
    ("subtract", "1", &[(APIS, SUBTRACT, Some("DEBUG"))]),
    ("operation 9", "1", &[(APIS, 9, Some("DEBUG"))]),
    ("one good, one not", "1", &[(APIS, SET, Some("DEBUG")), ("no.such", SET, Some("DEBUG"))]),
    ("one logger twice", "1", &[(APIS, SET, Some("DEBUG")), (APIS, SET, Some("INFO"))]),
    ("another broker", "7", &[(APIS, SET, Some("DEBUG"))]),
    ("a broker's number with zeros", "07", &[(APIS, SET, Some("DEBUG"))]),
    ("no broker", "", &[(APIS, SET, Some("DEBUG"))]),
    ("a word for a broker", "one", &[(APIS, SET, Some("DEBUG"))]),
];

pub(super) fn all(world: &mut World) {
    for version in world.versions::<IncrementalAlterConfigsRequest>() {
        tell(world, "at first");
        for (what, changes) in GOOD {
            let mut only = request("1", changes);
            only.validate_only = true;
            world.note(&format!("validate only: {what}"), version, &only);
            tell(world, &format!("v{version} before: {what}"));
            world.note(what, version, &request("1", changes));
            tell(world, &format!("v{version} after: {what}"));
        }
        for (what, broker, changes) in REFUSED {
            for validate_only in [true, false] {
                let mut request = request(broker, changes);
                request.validate_only = validate_only;
                world.note(&format!("{what}, validate only {validate_only}"), version, &request);
            }
        }
        tell(world, &format!("v{version} after what is refused"));
        let mut twice = request("1", &[(APIS, SET, Some("DEBUG"))]);
        twice.resources.push(twice.resources[0].clone());
        world.note("resource twice", version, &twice);
        for (what, broker) in [("another broker", "7"), ("no broker", ""), ("a word", "one")] {
            world.note(&format!("levels of {what}"), 4, &levels(broker, &["root"]));
        }
    }
}

/// Notes the levels of the loggers that are changed, and that there are no others of such names.
fn tell(world: &mut World, when: &str) {
    world.note(&format!("levels {when}"), 4, &levels("1", &["root", APIS, MANAGER, "no.such"]));
}
