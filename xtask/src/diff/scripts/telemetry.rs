//! What clients tell of themselves. Kafka offers it only with a plugin that takes it, so the reference has one.

use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::get_telemetry_subscriptions_request::GetTelemetrySubscriptionsRequest;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use dohle_protocol::messages::push_telemetry_request::PushTelemetryRequest;

use crate::diff::world::World;

/// Sets keys of the subscription, and waits until the broker knows.
fn subscribe(world: &mut World, configs: &[(&str, &str)]) {
    let config = |(name, value): &(&str, &str)| AlterableConfig {
        name: (*name).into(),
        value: Some((*value).into()),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: 16,
        resource_name: "telemetry".into(),
        configs: configs.iter().map(config).collect(),
        ..AlterConfigsResource::default()
    };
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    world.prepare(1, &request);
    std::thread::sleep(Duration::from_millis(300));
}

/// An interval passes.
fn interval() {
    std::thread::sleep(Duration::from_millis(1100));
}

pub(super) fn all(world: &mut World) {
    for version in world.versions::<GetTelemetrySubscriptionsRequest>() {
        let of = |client_instance_id| GetTelemetrySubscriptionsRequest {
            client_instance_id,
            ..GetTelemetrySubscriptionsRequest::default()
        };
        world.note("nothing is subscribed", version, &of(Uuid::ZERO));
        let matching = "client_id=di.+,client_source_address=127.0.0.1";
        let configs = [("interval.ms", "1000"), ("metrics", "b.,a."), ("match", matching)];
        subscribe(world, &configs);
        let Some(terms) = world.ask("good", version, &of(Uuid::ZERO)) else { return };
        let id = terms.client_instance_id;
        world.note("again at once", version, &of(id));
        let push = PushTelemetryRequest {
            client_instance_id: id,
            subscription_id: terms.subscription_id,
            // Of no resource: a message without metrics.
            metrics: Bytes::from_static(&[0x0a, 0]),
            ..PushTelemetryRequest::default()
        };
        world.note("good", version, &push);
        world.note("again at once", version, &push);
        interval();
        let other =
            PushTelemetryRequest { subscription_id: push.subscription_id ^ 1, ..push.clone() };
        world.note("unknown subscription", version, &other);
        world.note("behind an unknown subscription", version, &of(id));
        interval();
        world.note(
            "unknown compression",
            version,
            &PushTelemetryRequest { compression_type: 9, ..push.clone() },
        );
        interval();
        let metrics = Bytes::from(vec![0; (1 << 20) + 1]);
        world.note("too large", version, &PushTelemetryRequest { metrics, ..push.clone() });
        interval();
        world.note(
            "no metrics",
            version,
            &PushTelemetryRequest { metrics: Bytes::new(), ..push.clone() },
        );
        world.note("last", version, &PushTelemetryRequest { terminating: true, ..push.clone() });
        world.note("behind the last", version, &push);
        for (what, number) in
            [("no instance", 0), ("reserved instance", 1), ("unknown instance", 1 << 100)]
        {
            let client_instance_id = Uuid::from_u128(number);
            world.note(what, version, &PushTelemetryRequest { client_instance_id, ..push.clone() });
            world.note(what, version, &of(client_instance_id));
        }
        subscribe(world, &[("metrics", "a.,*,b.")]);
        world.note("behind a change", version, &push);
        world.note("all metrics", version, &of(Uuid::ZERO));
        subscribe(world, &[("match", "client_id=other")]);
        world.note("for somebody else", version, &of(Uuid::ZERO));
    }
}
