//! The cluster's metadata: configs, the image that every node reads, and the controller's machine.
//!
//! Values only: nothing here knows who asks, a file, a socket or a clock.

pub mod config;
pub mod controller;
pub mod expression;
pub mod features;
pub mod image;
pub mod record;
pub mod scram;

pub use controller::Controller;
pub use image::{Changes, Image};
pub use record::MetadataRecord;
