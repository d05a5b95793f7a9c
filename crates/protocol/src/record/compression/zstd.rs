//! Zstandard frames, any number, read as a stream with a kept context.

use std::io;

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::{Codec, CompressionError};

/// The decompression context, kept between batches.
#[derive(Default)]
pub(super) struct State(Option<Decoder<'static>>);

pub(super) struct Stream<'u> {
    decoder: &'u mut Decoder<'static>,
    bytes: &'u [u8],
    inside_frame: bool,
}

impl<'u> Stream<'u> {
    pub(super) fn open(state: &'u mut State, bytes: &'u [u8]) -> Result<Self, CompressionError> {
        let decoder = match &mut state.0 {
            Some(decoder) => decoder,
            empty => empty.insert(Decoder::new().map_err(damaged)?),
        };
        decoder.reinit().map_err(damaged)?;
        Ok(Self { decoder, bytes, inside_frame: false })
    }

    pub(super) fn read_some(&mut self, into: &mut [u8]) -> Result<usize, CompressionError> {
        loop {
            if self.bytes.is_empty() && !self.inside_frame {
                return Ok(0);
            }
            let mut input = InBuffer::around(self.bytes);
            let mut output = OutBuffer::around(&mut *into);
            let hint = self.decoder.run(&mut input, &mut output).map_err(damaged)?;
            let (taken, made) = (input.pos(), output.pos());
            self.bytes = &self.bytes[taken..];
            self.inside_frame = hint != 0;
            if made > 0 {
                return Ok(made);
            }
            if taken == 0 && self.inside_frame {
                return Err(CompressionError::Incomplete { codec: Codec::Zstd });
            }
        }
    }
}

pub(super) fn compress(
    level: i32,
    input: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let start = into.len();
    into.resize(start + zstd::zstd_safe::compress_bound(input.len()), 0);
    let size = zstd::bulk::compress_to_buffer(input, &mut into[start..], level).map_err(damaged)?;
    into.truncate(start + size);
    Ok(())
}

fn damaged(error: io::Error) -> CompressionError {
    CompressionError::damaged(Codec::Zstd, error)
}
