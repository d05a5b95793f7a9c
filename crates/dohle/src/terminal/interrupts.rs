//! Ctrl-C while there is something on the screen that is to be left clean.

use crate::session::StopFlag;
use dohle_env::tasks::Home;
use dohle_server::world::{World, WorldOptions};
use std::future::{Future, poll_fn};
use std::io;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::mpsc;

/// SIGINT's number.
const INTERRUPT: u8 = 2;

/// Hears of SIGINT in the place of the system, which would end the process at once. SIGTERM still ends it.
pub(crate) struct Interrupts {
    flag: StopFlag,
    /// Hears until it is dropped.
    _world: World,
}

impl Interrupts {
    /// Hears from now on. `and_then` runs when one came, on another thread. `None` where the system gives us no thread:
    /// then all is as without.
    pub(crate) fn listen(and_then: impl Fn() + Send + 'static) -> Option<Self> {
        let options = WorldOptions { reactors: NonZeroUsize::MIN, ..WorldOptions::default() };
        let world = World::start(&options).ok()?;
        let flag = StopFlag::default();
        let told = flag.clone();
        let (hearing, heard) = mpsc::channel();
        let task = async move {
            while let Ok(signal) = next(&hearing).await {
                told.tell(signal);
                if signal != INTERRUPT {
                    std::process::exit(128 + i32::from(signal));
                }
                and_then();
            }
        };
        world.env().tasks.spawn(Home::LeastLoaded, Box::pin(task));
        // From here on none goes by.
        heard.recv().ok()?;
        Some(Self { flag, _world: world })
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        self.flag.signal().is_some()
    }
}

/// The next signal; tells when it is heard of.
async fn next(hearing: &mpsc::Sender<()>) -> io::Result<u8> {
    let mut signal = pin!(dohle_server::stop_signal());
    poll_fn(|cx| {
        let polled = signal.as_mut().poll(cx);
        // Who began has read the first and waits for no other.
        let _told = hearing.send(());
        polled
    })
    .await
}
