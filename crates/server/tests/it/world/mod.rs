//! Tests of the real world behind `dohle_env`.

mod accept;
mod budget;
mod disk;
mod figures;
mod idle;
mod lanes;
mod net;
mod panic;
mod pieces;
mod strands;
mod timers;

use bytes::BytesMut;
use dohle_env::Env;
use dohle_env::net::{Connection, Listener, Piece};
use dohle_env::tasks::Home;
use dohle_server::world::net::TcpOptions;
use dohle_server::world::{World, WorldOptions};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Longer than anything here takes, even on a loaded machine; only a hang reaches it.
const HANG: Duration = Duration::from_secs(60);

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn options(reactors: usize) -> WorldOptions {
    WorldOptions {
        reactors: NonZeroUsize::new(reactors).unwrap(),
        cpu_threads: NonZeroUsize::MIN,
        tcp: TcpOptions { backlog: 4096, ..TcpOptions::default() },
        ..WorldOptions::default()
    }
}

fn world(reactors: usize) -> World {
    World::start(&options(reactors)).unwrap()
}

/// Runs `task` on a reactor and returns what it ends with.
fn run<T: Send + 'static>(env: &Env, task: impl Future<Output = T> + Send + 'static) -> T {
    start(env, Home::LeastLoaded, task).recv_timeout(HANG).expect("the task ends")
}

/// Starts `task`; the channel brings what it ends with.
fn start<T: Send + 'static>(
    env: &Env,
    home: Home,
    task: impl Future<Output = T> + Send + 'static,
) -> mpsc::Receiver<T> {
    let (done, result) = mpsc::channel();
    env.tasks.spawn(
        home,
        Box::pin(async move {
            // Nobody listens any more when the test has failed elsewhere.
            let _sent = done.send(task.await);
        }),
    );
    result
}

async fn receive(stream: &mut dyn Connection, into: &mut BytesMut) -> io::Result<usize> {
    poll_fn(|cx| stream.poll_receive(cx, into)).await
}

async fn send(stream: &mut dyn Connection, out: &mut VecDeque<Piece>) -> io::Result<()> {
    poll_fn(|cx| stream.poll_send(cx, out)).await
}

async fn accept(listener: &mut dyn Listener) -> io::Result<Box<dyn Connection>> {
    poll_fn(|cx| listener.poll_accept(cx)).await
}

/// Gives back all that arrives until the peer closes.
async fn echo(mut stream: Box<dyn Connection>) {
    let mut arrived = BytesMut::new();
    let mut out = VecDeque::new();
    loop {
        arrived.reserve(64 << 10);
        match receive(&mut *stream, &mut arrived).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        out.push_back(Piece::Bytes(arrived.split().freeze()));
        if send(&mut *stream, &mut out).await.is_err() {
            return;
        }
    }
}

/// An echo server; each connection lives on the least loaded reactor.
fn echo_server(env: &Env) -> SocketAddr {
    let mut listener = env.net.listen(ANY_PORT).unwrap();
    let address = listener.local();
    let tasks = env.tasks.clone();
    let acceptor = async move {
        while let Ok(stream) = accept(&mut *listener).await {
            tasks.spawn(Home::LeastLoaded, Box::pin(echo(stream)));
        }
    };
    env.tasks.spawn(Home::LeastLoaded, Box::pin(acceptor));
    address
}

/// Deterministic bytes that differ from place to place.
fn pattern(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// An empty directory, removed on drop.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dohle-world-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

const CHILD: &str = "DOHLE_TEST_CHILD";

/// Runs `body` in a process of its own: for what counts or limits the whole process. `test` is
/// the full name of the calling test.
pub(crate) fn in_own_process(test: &str, body: impl FnOnce()) {
    if let Some(status) = own_process(test, body) {
        assert!(status.success(), "{test}: {status}");
    }
}

/// As [`in_own_process`]; how the other process ended, or `None` in that process.
fn own_process(test: &str, body: impl FnOnce()) -> Option<ExitStatus> {
    if std::env::var_os(CHILD).is_some() {
        body();
        return None;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    let output = child.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Some(output.status)
}
