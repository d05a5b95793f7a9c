//! What clients are told of the metrics that they may push.

use super::Node;
use dohle_protocol::messages::GetTelemetrySubscriptionsRequest;

#[test]
fn clients_are_told_how_much_they_may_push() {
    for (set, told) in [(&[][..], 1_048_576), (&[("telemetry.max.bytes", "777")], 777)] {
        let node = Node::start(set);
        let answer = node.connect().ask(0, &GetTelemetrySubscriptionsRequest::default());
        assert_eq!(answer.telemetry_max_bytes, told);
    }
}
