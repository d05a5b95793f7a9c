//! Accepting when there are no descriptors left.

use super::{ANY_PORT, accept, in_own_process, start, world};
use dohle_env::tasks::Home;
use dohle_server::world::counters::{self, Call};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::TcpStream;
use std::sync::mpsc;

fn limit_descriptors(count: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum }).unwrap();
}

#[test]
fn without_descriptors_accepting_reports_and_rests() {
    in_own_process("world::accept::without_descriptors_accepting_reports_and_rests", || {
        const PEERS: usize = 12;
        let world = world(1);
        let mut listener = world.env().net.listen(ANY_PORT).unwrap();
        let address = listener.local();
        // Connected by the kernel; nobody accepts yet.
        let _peers: Vec<_> = (0..PEERS).map(|_| TcpStream::connect(address).unwrap()).collect();
        let used = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        limit_descriptors(used + 4);
        let begun = counters::read();
        let (report, seen) = mpsc::channel();
        let _acceptor = start(world.env(), Home::LeastLoaded, async move {
            let mut held = Vec::new();
            loop {
                let accepted = accept(&mut *listener).await;
                let error = accepted.as_ref().err().and_then(std::io::Error::raw_os_error);
                if report.send(error).is_err() {
                    return;
                }
                match accepted {
                    Ok(stream) => held.push(stream),
                    // As a node would: some end, it goes on.
                    Err(_) => held.truncate(1),
                }
            }
        });
        let (mut accepted, mut errors) = (0, 0);
        while accepted < PEERS {
            match seen.recv_timeout(super::HANG).expect("all are accepted in the end") {
                None => accepted += 1,
                Some(error) => {
                    assert_eq!(error, 24, "EMFILE");
                    errors += 1;
                    assert!(errors < PEERS, "no progress");
                }
            }
        }
        let tried = (counters::read() - begun).of(Call::Accept);
        println!("{accepted} accepted, {errors} errors, {tried} calls of accept");
        assert!(errors > 0, "the limit was never met");
        assert!(tried < 2 * PEERS as u64 + 6, "{tried} calls: it spins");
    });
}
