//! The real world behind [`dohle_env::Env`]: threads, sockets, files, clocks.
//!
//! One [`World`] per node. It starts the reactors; lane threads come and go with their work. What
//! this module does not know: Kafka.

mod cached;
pub mod clock;
pub mod counters;
pub mod descriptors;
pub mod disk;
mod lanes;
mod load;
mod mail;
pub mod net;
pub mod random;
pub mod reactors;
mod send;
mod task;

use dohle_env::Env;
use net::{TcpNet, TcpOptions};
use reactors::Reactors;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How a world is laid out.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Reactor threads.
    pub reactors: NonZeroUsize,
    /// Threads of the cpu lane.
    pub cpu_threads: NonZeroUsize,
    /// Threads of each log directory's lane.
    pub disk_threads: NonZeroUsize,
    /// Jobs of clients that may wait in one lane. With 1 KiB each: 10 MiB.
    pub client_jobs_max: usize,
    /// How long a lane's thread waits for the next job before it ends.
    pub lane_idle_max: Duration,
    /// How sockets are set up.
    pub tcp: TcpOptions,
}

impl Default for WorldOptions {
    /// A reactor per core, half as many cpu threads, four disk threads per directory.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            reactors: cores,
            cpu_threads: NonZeroUsize::new(cores.get() / 2).unwrap_or(NonZeroUsize::MIN),
            disk_threads: NonZeroUsize::MIN.saturating_add(3),
            client_jobs_max: 10_000,
            lane_idle_max: Duration::from_secs(10),
            tcp: TcpOptions::default(),
        }
    }
}

/// The threads of a node and the doors to its machine.
///
/// A panic on a reactor or a lane ends the process: half a turn may have been done, and nobody
/// could say which half.
pub struct World {
    env: Env,
    reactors: Arc<Reactors>,
    threads: Vec<JoinHandle<()>>,
}

impl World {
    /// Starts the reactors. An error is the operating system's: no thread, no epoll.
    pub fn start(options: &WorldOptions) -> io::Result<Self> {
        let (reactors, threads) = Reactors::start(options)?;
        let env = Env {
            clock: Arc::new(clock::RealClock::new()),
            disk: Arc::new(disk::RealDisk),
            net: Arc::new(TcpNet::new(options.tcp)),
            random: Arc::new(random::OsRandom),
            tasks: reactors.clone(),
            logs: Arc::new(crate::logging::ProcessLogs),
        };
        Ok(Self { env, reactors, threads })
    }

    /// The doors, for all below the shell.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The same doors with a net of other socket options, for a listener of its own settings.
    #[must_use]
    pub fn env_with_tcp(&self, tcp: TcpOptions) -> Env {
        Env { net: Arc::new(TcpNet::new(tcp)), ..self.env.clone() }
    }

    /// The threads, as figures: what each has to do.
    #[must_use]
    pub fn reactors(&self) -> &Reactors {
        &self.reactors
    }

    /// Drops every task where it stands, ends the reactors, and waits up to `lanes_within` for
    /// the jobs that lanes still have. Whether all of those ended.
    pub fn stop(mut self, lanes_within: Duration) -> bool {
        self.end_reactors();
        self.reactors.lanes().finish(lanes_within)
    }

    fn end_reactors(&mut self) {
        self.reactors.stop();
        for thread in self.threads.drain(..) {
            // A panic there has ended the process already.
            let _ended = thread.join();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end_reactors();
    }
}
