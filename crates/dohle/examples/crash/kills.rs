//! SIGKILL at random moments under a producer that never stops, then torn logs.
//!
//! The process is killed (SIGKILL, sometimes while it starts, sometimes out of a SIGSTOP) and started again on the
//! same folder; in the end each record that was acknowledged is where its acknowledgement said, once, in the order
//! of sending. Then, on copies of what a kill left, a log is cut inside some batch behind its recovery point, as a
//! power loss may: all batches before the cut are there, nothing behind it, and nothing else has changed.

use crate::clients::{self, Clients, Sent};
use crate::scenario::{Dice, Ground};
use crate::server::{self, Server};
use crate::tears;
use std::time::{Duration, Instant};

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    kills(ground)?;
    tears::run(&ground.binary, &ground.folder, ground.tears, &mut Dice::new(ground.seed ^ 1))
}

/// Kills and starts the node under load, then compares.
fn kills(ground: &Ground) -> Result<(), String> {
    let mut dice = Dice::new(ground.seed);
    let data = ground.folder.join("data");
    let mut server = Server::new(&ground.binary, &data)?;
    server.start()?;
    let clients = Clients::new(&server.address())?;
    let load = clients.produce();
    let (mut starts, mut slowest, mut broken) = (Duration::ZERO, Duration::ZERO, 0);
    for cycle in 0..ground.cycles {
        std::thread::sleep(Duration::from_millis(100 + dice.below(1_400)));
        if cycle % 5 == 4 {
            server.signal("STOP")?;
            std::thread::sleep(Duration::from_millis(dice.below(800)));
        }
        server.kill()?;
        if cycle % 3 == 2 {
            // While it starts.
            server.begin()?;
            std::thread::sleep(Duration::from_micros(dice.below(120_000)));
            server.kill()?;
            broken += 1;
        }
        let began = Instant::now();
        server.start()?;
        starts += began.elapsed();
        slowest = slowest.max(began.elapsed());
    }
    let sent = load.finish();
    println!(
        "   {} kills, {broken} of a start; a start took {:.0} ms on average, {:.0} ms at most, with {} MB in the end",
        ground.cycles + broken,
        starts.as_secs_f64() * 1e3 / ground.cycles.max(1) as f64,
        slowest.as_secs_f64() * 1e3,
        server::size_bytes(&data) >> 20,
    );
    compare(&sent, &clients.read_all()?)?;
    // The tears begin with what a kill leaves.
    server.kill()
}

/// Holds what was read against what was acknowledged.
fn compare(sent: &Sent, read: &clients::Read) -> Result<(), String> {
    let (mut lost, mut elsewhere, mut duplicated, mut unordered) = (0_u64, 0_u64, 0_u64, 0_u64);
    for (number, place) in &sent.acknowledged {
        match read.places.get(number).map(Vec::as_slice) {
            None | Some([]) => lost += 1,
            Some([one]) if one == place => {}
            Some(places) if places.contains(place) => {}
            Some(_) => elsewhere += 1,
        }
    }
    duplicated += read.places.values().filter(|places| 1 < places.len()).count() as u64;
    unordered += read.out_of_order;
    let unknown = read.places.keys().filter(|number| **number >= sent.count).count();
    println!(
        "   {} records sent, {} acknowledged, {} given up; read {}: {lost} lost, {elsewhere} elsewhere, \
         {duplicated} duplicated, {unordered} out of order, {unknown} unknown",
        sent.count,
        sent.acknowledged.len(),
        sent.given_up,
        read.count,
    );
    let is_whole = lost + elsewhere + duplicated + unordered == 0 && unknown == 0;
    if sent.acknowledged.is_empty() {
        return Err("nothing was acknowledged: this has shown nothing".to_owned());
    }
    if is_whole { Ok(()) } else { Err("what was acknowledged is not what is there".to_owned()) }
}
