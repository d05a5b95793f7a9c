//! SIGKILL at random moments under a producer that never stops, then torn logs.
//!
//! The process is killed (SIGKILL, sometimes while it starts, sometimes out of a SIGSTOP) and started again on the
//! same folder; in the end each record that was acknowledged is where its acknowledgement said, once, in the order
//! of sending, by the simulation's checks. Then, on copies of what a kill left, a log is cut inside some batch behind its recovery point, as a
//! power loss may: all batches before the cut are there, nothing behind it, and nothing else has changed.

use crate::clients::{Clients, Read, Sent, TOPIC};
use crate::scenario::{Dice, Ground, want};
use crate::server::{self, Server};
use crate::tears;
use dohle_sim::checker::partition::Marks;
use dohle_sim::checker::{Fetched, Moment, Partition, RecordId};
use std::collections::BTreeMap;
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
        if cycle % 10 == 4 {
            // It goes on, for a moment.
            server.signal("CONT")?;
            std::thread::sleep(Duration::from_millis(dice.below(200)));
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
fn compare(sent: &Sent, read: &BTreeMap<i32, Read>) -> Result<(), String> {
    println!(
        "   {} records sent, {} acknowledged, {} given up; read {}",
        sent.counts.iter().sum::<u64>(),
        sent.acknowledged.len(),
        sent.given_up,
        read.values().map(|read| read.records.len()).sum::<usize>(),
    );
    want(!sent.acknowledged.is_empty(), "nothing was acknowledged: this has shown nothing")?;
    let mut places: BTreeMap<(i32, RecordId), Vec<i64>> = BTreeMap::new();
    for (index, read) in read {
        for (offset, id) in &read.records {
            places.entry((*index, *id)).or_default().push(*offset);
        }
    }
    let count = |holds: &dyn Fn(&[i64], i64) -> bool| {
        let place = |id: &RecordId, of| places.get(&(of, *id)).map_or(&[][..], Vec::as_slice);
        let all = sent.acknowledged.iter();
        all.filter(|(id, of, offset)| holds(place(id, *of), *offset)).count()
    };
    let lost = count(&|places, _| places.is_empty());
    let elsewhere = count(&|places, offset| !places.is_empty() && !places.contains(&offset));
    let duplicated = places.values().filter(|places| 1 < places.len()).count();
    println!("   {lost} lost, {elsewhere} elsewhere, {duplicated} duplicated");
    for (index, count) in (0..).zip(sent.counts) {
        let read = read.get(&index).ok_or_else(|| format!("partition {index} was not read"))?;
        partition(index, count, sent, read)?;
    }
    println!("   all in the order of sending, nothing that nobody sent");
    want(sent.given_up * 100 <= sent.counts.iter().sum(), "more than one in a hundred was given up")
}

/// The same of one partition, by the checks of the simulation.
fn partition(index: i32, count: u64, sent: &Sent, read: &Read) -> Result<(), String> {
    let now = Moment::default();
    let mut known = Partition::new(TOPIC, false, 0);
    let last = RecordId { producer: 0, incarnation: 0, number: count.saturating_sub(1) };
    known.on_sent(last, true, now);
    for (id, _, offset) in sent.acknowledged.iter().filter(|(_, of, _)| *of == index) {
        let asked = known.asked_in(0);
        let ids = *id..RecordId { number: id.number + 1, ..*id };
        known.on_acknowledged(asked, *offset, ids, true)?;
    }
    let marks = Marks { log_start: 0, last_stable: read.end, high_watermark: read.end };
    let (records, timestamps) = (read.records.clone(), Vec::new());
    let fetched = Fetched { marks, position: 0, records, timestamps, end: read.end, now };
    let (position, _) = known.on_fetched(known.asked_in(0), &fetched)?;
    want(position == read.end, format!("partition {index} is read to {position} of {}", read.end))?;
    // What was given up may have been between others.
    if sent.given_up == 0 { known.check_gaps(0, now) } else { Ok(()) }
}
