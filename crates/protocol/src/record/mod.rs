//! Record batches of every magic: reading, checking, building, converting, and their compression.

pub mod crc;
