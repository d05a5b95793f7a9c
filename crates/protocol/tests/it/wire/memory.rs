//! What a message takes when it is decoded, beside its frame.

use bytes::Bytes;
use dohle_protocol::messages::{MetadataRequest, OffsetFetchRequest};
use dohle_protocol::wire::{DecodeErrorKind, Message, Reader};

/// A Metadata request, version 9, for so many topics without a name.
fn nameless(topics: u8) -> Bytes {
    let mut frame = vec![topics + 1];
    // An empty name, no tags.
    frame.extend([1, 0].repeat(usize::from(topics)));
    // Three flags, no tags.
    frame.extend([0, 0, 0, 0]);
    frame.into()
}

#[test]
fn arrays_are_counted() {
    let mut reader = Reader::new(nameless(100));
    let message = MetadataRequest::decode(&mut reader, 9).unwrap();
    let topics = message.topics.unwrap();
    assert_eq!(reader.decoded_bytes(), size_of_val(&topics[..]));
}

#[test]
fn what_takes_more_than_it_may_is_refused_before_it_does() {
    let frame = nameless(100);
    let mut reader = Reader::new(frame.clone());
    MetadataRequest::decode(&mut reader, 9).unwrap();
    let needed = reader.decoded_bytes();
    let mut enough = Reader::within(frame.clone(), needed);
    MetadataRequest::decode(&mut enough, 9).unwrap();
    let mut less = Reader::within(frame.clone(), needed - 1);
    let error = MetadataRequest::decode(&mut less, 9).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::TooLarge(needed - 1));
    // And can be read again by who has more.
    let mut again = Reader::new(less.into_frame());
    assert_eq!(MetadataRequest::decode(&mut again, 9).unwrap().topics.unwrap().len(), 100);
}

/// Version 9 of OffsetFetch has arrays in arrays in arrays.
#[test]
fn inner_arrays_count_too() {
    // One group, no member, one topic, three partitions.
    let partitions = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    let mut frame = vec![2, 2, b'g', 0, 0xff, 0xff, 0xff, 0xff, 2, 2, b't', 4];
    frame.extend(partitions);
    frame.extend([0, 0, 0, 0]);
    let mut reader = Reader::new(frame.into());
    let message = OffsetFetchRequest::decode(&mut reader, 9).unwrap();
    assert_eq!(reader.remaining(), 0);
    let groups = &message.groups[..];
    let topics = &groups[0].topics.as_ref().unwrap()[..];
    let partitions = &topics[0].partition_indexes[..];
    let all = size_of_val(groups) + size_of_val(topics) + size_of_val(partitions);
    assert_eq!(reader.decoded_bytes(), all);
}

#[test]
fn text_that_is_no_utf_8_is_a_copy_and_counts() {
    let mut frame = vec![2, 3, 0xff, 0xff, 0];
    frame.extend([0, 0, 0, 0]);
    let mut reader = Reader::new(frame.into());
    let message = MetadataRequest::decode(&mut reader, 9).unwrap();
    let topics = message.topics.unwrap();
    let name = topics[0].name.as_ref().unwrap();
    assert_eq!(reader.decoded_bytes(), size_of_val(&topics[..]) + name.len());
}
