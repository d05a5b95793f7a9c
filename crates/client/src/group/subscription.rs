//! What members of a group of consumers send each other through the coordinator.
//!
//! ```text
//! subscription: version 2 | topics: count 4, strings | user data: length 4 (-1: null), bytes
//!               v1+ owned: count 4, (topic string, count 4, partitions 4 each) | v2+ generation 4
//!               v3+ rack string (-1: null)
//! assignment:   version 2 | count 4, (topic string, count 4, partitions 4 each) | user data
//! ```

use crate::Error;
use crate::metadata::TopicPartition;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use dohle_protocol::wire::Text;

/// The version that is written; older and newer ones are read as far as they go.
const VERSION: i16 = 3;

/// What a member wants, and what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The topics that it wants, ascending.
    pub topics: Vec<Text>,
    /// What its assignor remembers.
    pub user_data: Option<Bytes>,
    /// What it has.
    pub owned: Vec<TopicPartition>,
    /// Since which generation it has that; -1: not said.
    pub generation: i32,
    /// Where it is.
    pub rack: Option<Text>,
}

/// What a member gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The partitions, in the order in which they were given.
    pub partitions: Vec<TopicPartition>,
    /// What the assignor wrote beside them.
    pub user_data: Option<Bytes>,
}

impl Subscription {
    /// The bytes of it.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut into = BytesMut::new();
        into.put_i16(VERSION);
        into.put_i32(self.topics.len() as i32);
        for topic in &self.topics {
            put_text(&mut into, topic);
        }
        put_bytes(&mut into, self.user_data.as_ref());
        put_partitions(&mut into, &self.owned);
        into.put_i32(self.generation);
        match &self.rack {
            Some(rack) => put_text(&mut into, rack),
            None => into.put_i16(-1),
        }
        into.freeze()
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: &Bytes) -> Result<Self, Error> {
        let mut from = From(bytes.clone());
        let version = from.int16()?;
        let topics = from.array(From::text)?;
        let user_data = from.bytes()?;
        let owned = if version >= 1 { from.partitions()? } else { Vec::new() };
        let generation = if version >= 2 { from.int32()? } else { -1 };
        let rack = if version >= 3 { from.text_nullable()? } else { None };
        Ok(Self { topics, user_data, owned, generation, rack })
    }
}

impl Assignment {
    /// The bytes of it.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut into = BytesMut::new();
        into.put_i16(VERSION);
        put_partitions(&mut into, &self.partitions);
        put_bytes(&mut into, self.user_data.as_ref());
        into.freeze()
    }

    /// Reads it; no bytes at all are no partitions.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: &Bytes) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut from = From(bytes.clone());
        from.int16()?;
        Ok(Self { partitions: from.partitions()?, user_data: from.bytes()? })
    }
}

fn put_text(into: &mut BytesMut, text: &Text) {
    into.put_i16(text.len() as i16);
    into.put_slice(text.as_bytes());
}

fn put_bytes(into: &mut BytesMut, bytes: Option<&Bytes>) {
    match bytes {
        Some(bytes) => {
            into.put_i32(bytes.len() as i32);
            into.put_slice(bytes);
        }
        None => into.put_i32(-1),
    }
}

/// Partitions by topic; a topic whose partitions do not stand together comes once all the same.
fn put_partitions(into: &mut BytesMut, partitions: &[TopicPartition]) {
    let mut topics: Vec<(&Text, Vec<i32>)> = Vec::new();
    for one in partitions {
        match topics.iter_mut().find(|(topic, _)| **topic == one.topic) {
            Some((_, numbers)) => numbers.push(one.partition),
            None => topics.push((&one.topic, vec![one.partition])),
        }
    }
    into.put_i32(topics.len() as i32);
    for (topic, numbers) in topics {
        put_text(into, topic);
        into.put_i32(numbers.len() as i32);
        for number in numbers {
            into.put_i32(number);
        }
    }
}

/// Reads from bytes that another member wrote: nothing is believed.
struct From(Bytes);

impl From {
    fn short() -> Error {
        Error::Invalid("a group member's words end early".into())
    }

    fn int16(&mut self) -> Result<i16, Error> {
        self.0.try_get_i16().map_err(|_| Self::short())
    }

    fn int32(&mut self) -> Result<i32, Error> {
        self.0.try_get_i32().map_err(|_| Self::short())
    }

    fn take(&mut self, size: usize) -> Result<Bytes, Error> {
        if size > self.0.len() { Err(Self::short()) } else { Ok(self.0.split_to(size)) }
    }

    fn text_nullable(&mut self) -> Result<Option<Text>, Error> {
        match usize::try_from(self.int16()?) {
            Ok(size) => Ok(Some(Text::from_utf8_lossy(self.take(size)?).detached())),
            Err(_) => Ok(None),
        }
    }

    fn text(&mut self) -> Result<Text, Error> {
        self.text_nullable()?.ok_or_else(Self::short)
    }

    fn bytes(&mut self) -> Result<Option<Bytes>, Error> {
        match usize::try_from(self.int32()?) {
            Ok(size) => self.take(size).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn array<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let count = usize::try_from(self.int32()?).unwrap_or(0);
        // Each element takes two bytes at least, so a claim beyond that is not worth memory.
        let mut elements = Vec::with_capacity(count.min(self.0.len() / 2));
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(elements)
    }

    fn partitions(&mut self) -> Result<Vec<TopicPartition>, Error> {
        let topics = self.array(|from| Ok((from.text()?, from.array(Self::int32)?)))?;
        let partitions = topics.into_iter().flat_map(|(topic, numbers)| {
            numbers.into_iter().map(move |one| TopicPartition::new(topic.clone(), one))
        });
        Ok(partitions.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let subscription = Subscription {
            topics: vec!["a".into(), "b".into()],
            user_data: Some(Bytes::from_static(b"x")),
            owned: vec![TopicPartition::new("a", 1), TopicPartition::new("a", 0)],
            generation: 7,
            rack: Some("r".into()),
        };
        assert_eq!(Subscription::decode(&subscription.encode()), Ok(subscription.clone()));
        let assignment = Assignment { partitions: subscription.owned, user_data: None };
        assert_eq!(Assignment::decode(&assignment.encode()), Ok(assignment));
        assert_eq!(Assignment::decode(&Bytes::new()), Ok(Assignment::default()));
    }

    #[test]
    fn cut_words_are_refused() {
        let whole =
            Subscription { topics: vec!["topic".into()], ..Subscription::default() }.encode();
        for size in 0..whole.len() {
            assert!(Subscription::decode(&whole.slice(..size)).is_err(), "{size} bytes");
        }
        let claims = Bytes::from_static(&[0, 3, 0x7f, 0xff, 0xff, 0xff, 0, 1, b'a']);
        assert!(Subscription::decode(&claims).is_err());
    }
}
