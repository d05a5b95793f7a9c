//! Metrics as OpenTelemetry's protocol has them (`opentelemetry.proto.metrics.v1.MetricsData`), as far as
//! clients of Kafka push them: numbers with attributes.
//!
//! Every length is checked before it is believed, nothing is copied, and what is not known is passed
//! over, as protobuf wants it.

use std::borrow::Cow;

/// Attributes of one point that are told; the others are passed over.
pub(super) const ATTRIBUTES_MAX: usize = 16;
/// Bytes of a name or value that are told.
const TEXT_BYTES_MAX: usize = 256;

/// The bytes are no such message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// It goes up and down.
    Gauge,
    /// It only grows.
    Counter,
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point<'a> {
    pub(super) name: &'a str,
    /// What stands behind the name: a histogram is told as its count and its sum.
    pub(super) suffix: &'static str,
    pub(super) meaning: Meaning,
    /// The value is what came since the last push.
    pub(super) is_delta: bool,
    /// Those of the client first, then those of the point.
    pub(super) attributes: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) value: f64,
}

/// A field's value.
#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    /// Four bytes: no field that matters has them.
    Fixed32,
}

/// The fields of a message, one by one.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            // The tenth byte has one bit that counts, as in every reader of protobuf.
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, size_bytes: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(size_bytes).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Malformed> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?.first_chunk().ok_or(Malformed)?;
                Value::Fixed64(u64::from_le_bytes(*bytes))
            }
            2 => {
                let size_bytes = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(size_bytes)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed32
            }
            // Groups are of before proto3.
            _ => return Err(Malformed),
        };
        if tag >> 3 == 0 { Err(Malformed) } else { Ok((tag >> 3, value)) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// All values of the field `number`, which are messages or strings.
fn each<'a>(
    bytes: &'a [u8],
    number: u64,
    mut with: impl FnMut(&'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    for field in Fields(bytes) {
        match field? {
            (found, Value::Bytes(value)) if found == number => with(value)?,
            _ => {}
        }
    }
    Ok(())
}

/// Gives every number of the message to `with`.
///
/// # Errors
/// When the bytes are no such message; some numbers may have been given by then.
pub(super) fn points<'a>(
    bytes: &'a [u8],
    with: &mut impl FnMut(Point<'a>),
) -> Result<(), Malformed> {
    each(bytes, 1, |of_resource| {
        let mut of_client = Vec::new();
        each(of_resource, 1, |resource| {
            each(resource, 1, |attribute| put_attribute(&mut of_client, attribute))
        })?;
        each(of_resource, 2, |of_scope| {
            each(of_scope, 2, |metric| points_of(metric, &of_client, with))
        })
    })
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

/// As much of a text as is told.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

fn put_attribute<'a>(
    into: &mut Vec<(&'a str, Cow<'a, str>)>,
    bytes: &'a [u8],
) -> Result<(), Malformed> {
    let (mut key, mut value) = ("", None);
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(bytes)) => key = short(text(bytes)?),
            (2, Value::Bytes(any)) => value = any_value(any)?,
            _ => {}
        }
    }
    if let Some(value) = value
        && into.len() < ATTRIBUTES_MAX
    {
        into.push((key, value));
    }
    Ok(())
}

/// A value as text; `None` for lists and the like.
fn any_value(bytes: &[u8]) -> Result<Option<Cow<'_, str>>, Malformed> {
    let mut value = None;
    for field in Fields(bytes) {
        value = match field? {
            (1, Value::Bytes(bytes)) => Some(Cow::Borrowed(short(text(bytes)?))),
            (2, Value::Varint(bit)) => Some(Cow::Borrowed(if bit == 0 { "false" } else { "true" })),
            (3, Value::Varint(number)) => Some(Cow::Owned(number.cast_signed().to_string())),
            (4, Value::Fixed64(bits)) => Some(Cow::Owned(f64::from_bits(bits).to_string())),
            _ => value,
        };
    }
    Ok(value)
}

/// The numbers of one metric.
fn points_of<'a>(
    metric: &'a [u8],
    of_client: &[(&'a str, Cow<'a, str>)],
    with: &mut impl FnMut(Point<'a>),
) -> Result<(), Malformed> {
    let mut name = "";
    each(metric, 1, |bytes| text(bytes).map(|text| name = short(text)))?;
    for field in Fields(metric) {
        let (number, Value::Bytes(data)) = field? else { continue };
        let shape = match number {
            5 => Shape::NUMBER,
            7 => sum(data)?,
            9 => distribution(data, 9)?,
            10 => distribution(data, 1)?,
            // A summary's are of all time.
            11 => Shape { attributes: 7, parts: &[COUNT, SUM], ..Shape::NUMBER },
            _ => continue,
        };
        each(data, 1, |point| {
            let mut attributes = of_client.to_vec();
            each(point, shape.attributes, |bytes| put_attribute(&mut attributes, bytes))?;
            for part in shape.parts {
                let Some(value) = part.of(point)? else { continue };
                let (suffix, attributes) = (part.suffix, attributes.clone());
                let (meaning, is_delta) = (shape.meaning, shape.is_delta);
                with(Point { name, suffix, meaning, is_delta, attributes, value });
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// How the points of a metric lie.
#[derive(Clone, Copy)]
struct Shape {
    /// The number of the field of their attributes.
    attributes: u64,
    meaning: Meaning,
    is_delta: bool,
    parts: &'static [Part],
}

impl Shape {
    const NUMBER: Self =
        Self { attributes: 7, meaning: Meaning::Gauge, is_delta: false, parts: &[NUMBER] };
}

/// A number of a point.
struct Part {
    suffix: &'static str,
    is_whole: u64,
    is_real: u64,
}

const NUMBER: Part = Part { suffix: "", is_whole: 6, is_real: 4 };
const COUNT: Part = Part { suffix: "_count", is_whole: 4, is_real: 0 };
const SUM: Part = Part { suffix: "_sum", is_whole: 0, is_real: 5 };

impl Part {
    fn of(&self, point: &[u8]) -> Result<Option<f64>, Malformed> {
        let mut value = None;
        for field in Fields(point) {
            value = match field? {
                (number, Value::Fixed64(bits)) if number == self.is_whole => {
                    Some(bits.cast_signed() as f64)
                }
                (number, Value::Fixed64(bits)) if number == self.is_real => {
                    Some(f64::from_bits(bits))
                }
                _ => value,
            };
        }
        Ok(value)
    }
}

/// Whether numbers are what came since the last push: `AGGREGATION_TEMPORALITY_DELTA`.
fn is_delta(data: &[u8]) -> Result<bool, Malformed> {
    let mut is_delta = false;
    for field in Fields(data) {
        if let (2, Value::Varint(temporality)) = field? {
            is_delta = temporality == 1;
        }
    }
    Ok(is_delta)
}

fn sum(data: &[u8]) -> Result<Shape, Malformed> {
    let mut meaning = Meaning::Gauge;
    for field in Fields(data) {
        if let (3, Value::Varint(is_monotonic)) = field? {
            meaning = if is_monotonic == 0 { Meaning::Gauge } else { Meaning::Counter };
        }
    }
    Ok(Shape { meaning, is_delta: is_delta(data)?, ..Shape::NUMBER })
}

fn distribution(data: &[u8], attributes: u64) -> Result<Shape, Malformed> {
    let is_delta = is_delta(data)?;
    Ok(Shape { attributes, meaning: Meaning::Gauge, is_delta, parts: &[COUNT, SUM] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever comes from a client is read or refused; what is told of it is short.
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(prop_oneof![3 => 0..16_u8, 1 => any::<u8>()], 0..64),
        ) {
            // Begun as a metric with one point, so that it gets somewhere.
            let wrap = |number: u8, bytes: &[u8]| {
                [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
            };
            let metric = [&wrap(5, &wrap(1, &bytes))[..], &wrap(11, &wrap(1, &bytes))].concat();
            for bytes in [&bytes, &wrap(1, &wrap(2, &wrap(2, &metric)))] {
                let _refused = points(bytes, &mut |point| {
                    assert!(point.attributes.len() <= ATTRIBUTES_MAX);
                });
            }
        }
    }
}
