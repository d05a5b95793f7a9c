//! SIGINT and SIGTERM, for commands that run until they are told to stop.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGINT (2) or SIGTERM (15); which of them came. From then on neither ends the process
/// by itself. To be run on a reactor.
///
/// # Errors
/// When the operating system does not let us hear of signals.
pub async fn stop_signal() -> io::Result<u8> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let signal = poll_fn(|cx| match terminate.poll_recv(cx) {
        Poll::Ready(_) => Poll::Ready(15),
        Poll::Pending => interrupt.poll_recv(cx).map(|_| 2),
    });
    Ok(signal.await)
}
