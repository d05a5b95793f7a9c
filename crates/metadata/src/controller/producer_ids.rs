//! Producer ids, handed out to brokers in blocks.

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, ProducerIdsRecord,
};

use super::brokers::check_epoch;
use crate::image::Image;
use crate::record::MetadataRecord;

/// Ids in one block.
const BLOCK: i32 = 1000;

/// Gives a broker the next block.
pub(super) fn allocate(
    image: &Image,
    request: &AllocateProducerIdsRequest,
) -> (Vec<MetadataRecord>, AllocateProducerIdsResponse) {
    let refuse =
        |error_code| (Vec::new(), AllocateProducerIdsResponse { error_code, ..Default::default() });
    if let Err(refusal) = check_epoch(image, request.broker_id, request.broker_epoch) {
        return refuse(refusal.code);
    }
    let first = image.next_producer_id.unwrap_or(0);
    let Some(next_producer_id) = first.checked_add(i64::from(BLOCK)) else {
        return refuse(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    let record = ProducerIdsRecord {
        broker_id: request.broker_id,
        broker_epoch: request.broker_epoch,
        next_producer_id,
        ..ProducerIdsRecord::default()
    };
    let response = AllocateProducerIdsResponse {
        producer_id_start: first,
        producer_id_len: BLOCK,
        ..AllocateProducerIdsResponse::default()
    };
    (vec![record.into()], response)
}
