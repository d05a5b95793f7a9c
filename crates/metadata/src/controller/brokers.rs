//! Brokers and controllers register, live and go.

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::messages::broker_registration_request::Feature;
use dohle_protocol::messages::register_broker_record::{BrokerEndpoint, BrokerFeature};
use dohle_protocol::messages::register_controller_record::{ControllerEndpoint, ControllerFeature};
use dohle_protocol::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationChangeRecord,
    BrokerRegistrationRequest, BrokerRegistrationResponse, ControllerRegistrationRequest,
    ControllerRegistrationResponse, NoOpRecord, RegisterBrokerRecord, RegisterControllerRecord,
    UnregisterBrokerRecord, UnregisterBrokerRequest, UnregisterBrokerResponse,
};

use super::refusal::{Refusal, parts};
use super::{Leadership, directories, elections};
use crate::features::METADATA_VERSION;
use crate::image::{Broker, Image};
use crate::record::MetadataRecord;

/// Checks that a request comes from the broker's present life.
pub(super) fn check_epoch(image: &Image, broker: i32, epoch: i64) -> Result<&Broker, Refusal> {
    let stale = |message| Refusal::new(ErrorCode::STALE_BROKER_EPOCH, message);
    let registered = image
        .brokers
        .get(&broker)
        .ok_or_else(|| stale(format!("No broker registration found for broker id {broker}")))?;
    if registered.epoch != epoch {
        let message =
            format!("Expected broker epoch {}, but got broker epoch {epoch}", registered.epoch);
        return Err(stale(message));
    }
    Ok(registered)
}

/// When, where in the log and in which version a broker asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) now: Timestamp,
    pub(super) next_offset: Offset,
    pub(super) version: i16,
}

/// A broker registers: fenced, until its heartbeats show that it has read as much.
pub(super) fn register(
    image: &Image,
    leadership: &mut Leadership,
    asking: Asking,
    request: &BrokerRegistrationRequest,
) -> (Vec<MetadataRecord>, BrokerRegistrationResponse) {
    let mut response = BrokerRegistrationResponse { broker_epoch: -1, ..Default::default() };
    if let Err(refusal) = check_registration(image, leadership, asking.now, request) {
        response.error_code = refusal.code;
        return (Vec::new(), response);
    }
    let existing = image.brokers.get(&request.broker_id);
    let again = existing.filter(|broker| broker.incarnation_id == request.incarnation_id);
    let mut records = Vec::new();
    if again.is_none() {
        let id = request.broker_id;
        let is_clean = asking.version >= 3
            && existing.is_some_and(|b| b.epoch == request.previous_broker_epoch);
        // After an unclean stop it may lack records that were acknowledged: it must not lead by
        // right of having been in sync. Without eligible leader replicas nobody keeps count.
        records = if image.keeps_eligible_leaders() && !is_clean {
            elections::after_unclean_shutdown(image, &leadership.settings, id)
        } else {
            elections::without(image, &leadership.settings, id)
        };
        leadership.sessions.forget(id);
    }
    let broker_epoch = again.map_or(asking.next_offset.0, |broker| broker.epoch);
    let endpoints = request.listeners.iter().map(|listener| BrokerEndpoint {
        name: listener.name.detached(),
        host: listener.host.detached(),
        port: listener.port,
        security_protocol: listener.security_protocol,
        ..BrokerEndpoint::default()
    });
    let features = request.features.iter().map(|feature| BrokerFeature {
        name: feature.name.detached(),
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
        ..BrokerFeature::default()
    });
    let has_directories = image.metadata_version().has_directories();
    let record = RegisterBrokerRecord {
        broker_id: request.broker_id,
        incarnation_id: request.incarnation_id,
        broker_epoch,
        end_points: endpoints.collect(),
        features: features.collect(),
        rack: request.rack.as_ref().map(|rack| rack.detached()),
        fenced: again.is_none_or(|broker| broker.is_fenced),
        in_controlled_shutdown: again.is_some_and(|broker| broker.is_shutting_down),
        log_dirs: if has_directories { request.log_dirs.clone() } else { Vec::new() },
        ..RegisterBrokerRecord::default()
    };
    records.push(record.into());
    let registered_at = asking.next_offset.0 + records.len() as i64 - 1;
    leadership.sessions.register(request.broker_id, registered_at);
    response.broker_epoch = broker_epoch;
    (records, response)
}

fn check_registration(
    image: &Image,
    leadership: &Leadership,
    now: Timestamp,
    request: &BrokerRegistrationRequest,
) -> Result<(), Refusal> {
    let settings = &leadership.settings;
    if request.cluster_id != settings.cluster_id {
        return Err(Refusal::bare(ErrorCode::INCONSISTENT_CLUSTER_ID));
    }
    let id = request.broker_id;
    let is_other =
        image.brokers.get(&id).is_some_and(|b| b.incarnation_id != request.incarnation_id);
    // The broker in the controller's own process: its last life ended with the last controller's.
    let is_own = id == settings.node_id && request.incarnation_id == settings.own_incarnation;
    if is_other && !is_own && leadership.sessions.is_valid(id, settings, now) {
        return Err(Refusal::bare(ErrorCode::DUPLICATE_BROKER_REGISTRATION));
    }
    if request.is_migrating_zk_broker {
        return Err(Refusal::bare(ErrorCode::BROKER_ID_NOT_REGISTERED));
    }
    if image.metadata_version().has_directories() {
        let directories = &request.log_dirs;
        let is_double =
            (1..directories.len()).any(|at| directories[..at].contains(&directories[at]));
        let is_taken = |other: &Broker| {
            other.id != id && other.directories.iter().any(|known| directories.contains(known))
        };
        if directories.is_empty()
            || directories.iter().any(|directory| directory.is_reserved())
            || is_double
            || image.brokers.values().any(is_taken)
        {
            return Err(Refusal::bare(ErrorCode::INVALID_REGISTRATION));
        }
    }
    let range = |name: &str| request.features.iter().find(|feature| &*feature.name == name);
    if range(METADATA_VERSION).is_none() {
        return Err(Refusal::bare(ErrorCode::INVALID_REGISTRATION));
    }
    let can_run = |feature: &Feature, level: i16| {
        (feature.min_supported_version..=feature.max_supported_version).contains(&level)
    };
    // A feature that the broker does not name it can only run switched off.
    let is_unsupported = |(name, level): (&dohle_protocol::wire::Text, &i16)| {
        !range(name).map_or(*level == 0, |feature| can_run(feature, *level))
    };
    let needs_more = request
        .features
        .iter()
        .any(|feature| !can_run(feature, image.feature_level(&feature.name)));
    if needs_more || image.features.iter().any(is_unsupported) {
        return Err(Refusal::bare(ErrorCode::UNSUPPORTED_VERSION));
    }
    Ok(())
}

/// What a heartbeat makes of a broker.
enum Step {
    Stay,
    Fence,
    Unfence,
    BeginShutdown,
    /// It may stop now; it is fenced if it was not.
    Stop,
}

/// A broker is heard of.
pub(super) fn heartbeat(
    image: &Image,
    leadership: &mut Leadership,
    asking: Asking,
    request: &BrokerHeartbeatRequest,
) -> (Vec<MetadataRecord>, BrokerHeartbeatResponse) {
    let mut response = BrokerHeartbeatResponse::default();
    let broker = match check_epoch(image, request.broker_id, request.broker_epoch) {
        Ok(broker) => broker,
        Err(refusal) => {
            response.error_code = refusal.code;
            return (Vec::new(), response);
        }
    };
    let id = broker.id;
    let registered_at = leadership.sessions.registered_at(id);
    let is_caught_up = request.current_metadata_offset >= registered_at;
    let step = step(image, leadership, broker, request, is_caught_up);
    leadership.sessions.touch(id, request.current_metadata_offset, asking.now);
    let settings = &leadership.settings;
    let mut records = Vec::new();
    match step {
        Step::Stay => {}
        Step::Stop if broker.is_fenced => {}
        Step::Fence | Step::Stop => records = fence(image, settings, broker),
        Step::Unfence => {
            records.push(change(broker, |record| record.fenced = -1));
            records.extend(elections::with(image, settings, id));
        }
        Step::BeginShutdown => {
            if !broker.is_shutting_down {
                records.push(change(broker, |record| record.in_controlled_shutdown = 1));
            }
            records.extend(elections::without(image, settings, id));
            let last = asking.next_offset.0 + records.len() as i64 - 1;
            leadership.sessions.begin_shutdown(id, last);
        }
    }
    if image.metadata_version().has_directories() {
        let settings = &leadership.settings;
        records.extend(directories::offline(image, settings, broker, &request.offline_log_dirs));
    }
    if image.metadata_version().has_cordoned_directories()
        && let Some(cordoned) = &request.cordoned_log_dirs
        && broker.cordoned_directories.as_ref() != Some(cordoned)
    {
        let cordoned = cordoned.clone();
        records.push(change(broker, |record| record.cordoned_log_dirs = Some(cordoned)));
    }
    response.is_caught_up = is_caught_up;
    response.should_shut_down = matches!(step, Step::Stop);
    response.is_fenced = match step {
        Step::Stay => broker.is_fenced,
        Step::Fence | Step::Stop => true,
        Step::Unfence | Step::BeginShutdown => false,
    };
    (records, response)
}

fn step(
    image: &Image,
    leadership: &Leadership,
    broker: &Broker,
    request: &BrokerHeartbeatRequest,
    is_caught_up: bool,
) -> Step {
    let leads = || elections::leads_any(image, broker.id);
    match (broker.is_fenced, broker.is_shutting_down) {
        (true, _) if request.want_shut_down => Step::Stop,
        (true, _) if !request.want_fence && is_caught_up => Step::Unfence,
        (true, _) => Step::Stay,
        (false, false) if request.want_fence && request.want_shut_down => Step::Stop,
        (false, false) if request.want_fence => Step::Fence,
        (false, false) if request.want_shut_down && leads() => Step::BeginShutdown,
        (false, false) if request.want_shut_down => Step::Stop,
        (false, false) => Step::Stay,
        // Leaderships that nobody else can take would keep it for ever; that is Kafka's way too,
        // and the broker's own timeout ends it.
        (false, true) if leads() => Step::Stay,
        (false, true) if leadership.sessions.may_stop(broker.id, image) => Step::Stop,
        (false, true) => Step::Stay,
    }
}

/// The records that fence a broker: first its partitions, then itself.
fn fence(image: &Image, settings: &super::Settings, broker: &Broker) -> Vec<MetadataRecord> {
    let mut records = elections::without(image, settings, broker.id);
    records.push(change(broker, |record| record.fenced = 1));
    records
}

/// A change of a broker's registration.
pub(super) fn change(
    broker: &Broker,
    set: impl FnOnce(&mut BrokerRegistrationChangeRecord),
) -> MetadataRecord {
    let mut record = BrokerRegistrationChangeRecord {
        broker_id: broker.id,
        broker_epoch: broker.epoch,
        ..BrokerRegistrationChangeRecord::default()
    };
    set(&mut record);
    record.into()
}

/// What time brings: brokers that fell silent are fenced; an idle log gets a sign of life.
pub(super) fn wake(
    image: &Image,
    leadership: &mut Leadership,
    now: Timestamp,
) -> Vec<MetadataRecord> {
    let settings = &leadership.settings;
    let expired = leadership.sessions.expired(image, settings, now);
    // One at a time: the next decision must see what the first one did to the partitions.
    if let Some(broker) = expired.first().and_then(|id| image.brokers.get(id)) {
        return fence(image, settings, broker);
    }
    if leadership.sessions.is_idle(image, settings, now) {
        return vec![NoOpRecord::default().into()];
    }
    Vec::new()
}

/// Takes a broker out of the cluster.
pub(super) fn unregister(
    image: &Image,
    leadership: &mut Leadership,
    request: &UnregisterBrokerRequest,
) -> (Vec<MetadataRecord>, UnregisterBrokerResponse) {
    let id = request.broker_id;
    let found = image.brokers.get(&id).ok_or_else(|| {
        let message = format!("Broker ID {id} is not currently registered");
        Refusal::new(ErrorCode::BROKER_ID_NOT_REGISTERED, message)
    });
    let (error_code, error_message) = parts(&found);
    // Kafka leaves the text of a success empty, and not away.
    let error_message = error_message.or(Some(dohle_protocol::wire::Text::default()));
    let response = UnregisterBrokerResponse { error_code, error_message, ..Default::default() };
    let Ok(broker) = found else { return (Vec::new(), response) };
    let mut records = elections::after_unclean_shutdown(image, &leadership.settings, id);
    let record = UnregisterBrokerRecord {
        broker_id: id,
        broker_epoch: broker.epoch,
        ..UnregisterBrokerRecord::default()
    };
    records.push(record.into());
    leadership.sessions.forget(id);
    (records, response)
}

/// A controller registers.
pub(super) fn register_controller(
    image: &Image,
    request: &ControllerRegistrationRequest,
) -> (Vec<MetadataRecord>, ControllerRegistrationResponse) {
    if !image.metadata_version().has_controller_registration() {
        let message = "The current MetadataVersion is too old to support controller registrations.";
        let response = ControllerRegistrationResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            error_message: Some(message.into()),
            ..Default::default()
        };
        return (Vec::new(), response);
    }
    let endpoints = request.listeners.iter().map(|listener| ControllerEndpoint {
        name: listener.name.detached(),
        host: listener.host.detached(),
        port: listener.port,
        security_protocol: listener.security_protocol,
        ..ControllerEndpoint::default()
    });
    let features = request.features.iter().map(|feature| ControllerFeature {
        name: feature.name.detached(),
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
        ..ControllerFeature::default()
    });
    let record = RegisterControllerRecord {
        controller_id: request.controller_id,
        incarnation_id: request.incarnation_id,
        end_points: endpoints.collect(),
        features: features.collect(),
        ..RegisterControllerRecord::default()
    };
    let response = ControllerRegistrationResponse { error_message: None, ..Default::default() };
    (vec![record.into()], response)
}
