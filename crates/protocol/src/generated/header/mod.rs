//! The messages of `schema/header`, made by `cargo xtask codegen`.

pub mod request_header;
pub use request_header::RequestHeader;

pub mod response_header;
pub use response_header::ResponseHeader;
