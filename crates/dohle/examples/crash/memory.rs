//! Memory: what idle connections take, that requests which take eight times their size once they are
//! decoded, and huge ones which never become whole, take no more than the budget, while others are
//! served.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::{self, Wire};
use crate::writer::Writer;
use dohle_protocol::messages::fetch_request::FetchTopic;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const IDLE: usize = 10_000;
/// Descriptors that are needed beside the connections, on either side.
pub(crate) const SPARE: u64 = 500;
const WORDY: usize = 100;
/// Topics that a request of these names: 26 bytes each, and some two hundred decoded.
const NAMES: usize = 80_000;
/// How long each waits for records that nobody writes.
const WAIT_MS: i32 = 5_000;
/// Half of the budget of requests is for what they are decoded into.
const DECODED_KIB: u64 = BUDGET_KIB / 2;
const HUGE: usize = 48;
const FRAME_BYTES: u32 = 100_000_000;
/// `queued.max.request.bytes` where nothing is set, and what else a node may take.
const BUDGET_KIB: u64 = 512 << 10;
const SLACK_KIB: u64 = 160 << 10;

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let mut server = Server::new(&ground.binary, &ground.folder.join("data"))?;
    server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    wire.create("small", 4, &[])?;
    wire.create("quiet", 1, &[])?;
    let mut writer = Writer::new("small");
    for number in 0..400 {
        writer.send(&mut wire, number % 4, 1_000)?;
    }
    idle(&server, &mut wire, &mut writer)?;
    wordy(&server, &mut wire, &mut writer)?;
    huge(&server, &mut wire, &mut writer)?;
    writer.check(&server.address(), 4).map(drop)
}

fn idle(server: &Server, wire: &mut Wire, writer: &mut Writer) -> Result<(), String> {
    let most = usize::try_from(descriptors_max().saturating_sub(SPARE)).unwrap_or(IDLE);
    let count = IDLE.min(most);
    let before = server.resident_kib()?;
    let mut crowd: Vec<Wire> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut one = Wire::dial(&server.address())?;
        one.greet()?;
        crowd.push(one);
    }
    let after = server.resident_kib()?;
    let slowest = serve(wire, writer)?;
    let per_connection = after.saturating_sub(before) as f64 / count as f64;
    println!(
        "   {count} idle connections: {} MiB more, {per_connection:.1} KiB each; a record is acknowledged \
         within {} ms",
        after.saturating_sub(before) >> 10,
        slowest.as_millis()
    );
    want(per_connection < 16.0, "more than 16 KiB for a connection that says nothing")?;
    drop(crowd);
    Ok(())
}

fn wordy(server: &Server, wire: &mut Wire, writer: &mut Writer) -> Result<(), String> {
    let mut request = wire::fetch_request("quiet", [(0, 0)], 1_000);
    request.max_wait_ms = WAIT_MS;
    let nothing = FetchTopic { topic: "nothing-of-this-name".into(), ..FetchTopic::default() };
    request.topics.extend(std::iter::repeat_n(nothing, NAMES));
    let decoded_kib = (size_of::<FetchTopic>() * NAMES * WORDY) as u64 >> 10;
    let before = server.resident_kib()?;
    let mut askers = Vec::new();
    for _ in 0..WORDY {
        let (mut one, request) = (Wire::dial(&server.address())?, request.clone());
        askers.push(std::thread::spawn(move || one.ask(11, &request).map(drop)));
    }
    let (mut most, mut slowest) = (0, Duration::ZERO);
    while !askers.iter().all(std::thread::JoinHandle::is_finished) {
        slowest = slowest.max(serve(wire, writer)?);
        most = most.max(server.resident_kib()?);
    }
    for asker in askers {
        asker.join().map_err(|_| "who asks has failed")??;
    }
    println!(
        "   {WORDY} fetches that name {NAMES} topics each and take {} MiB decoded: {} MiB more resident at most, \
         all are answered; a record is acknowledged within {} ms",
        decoded_kib >> 10,
        most.saturating_sub(before) >> 10,
        slowest.as_millis()
    );
    want(DECODED_KIB + SLACK_KIB < decoded_kib, "they do not take more than there is")?;
    let frames_kib = (WORDY * NAMES * 26) as u64 >> 10;
    let bound = frames_kib + DECODED_KIB + SLACK_KIB;
    want(most - before < bound, "more memory than the budget of decoded requests")
}

fn huge(server: &Server, wire: &mut Wire, writer: &mut Writer) -> Result<(), String> {
    let mut senders = Vec::new();
    for _ in 0..HUGE {
        let stream = TcpStream::connect(server.address()).map_err(|error| error.to_string())?;
        let timeout = stream.set_write_timeout(Some(Duration::from_millis(500)));
        timeout.map_err(|error| error.to_string())?;
        senders.push(std::thread::spawn(move || half(&stream)));
    }
    let began = Instant::now();
    let (mut most, mut slowest) = (0, Duration::ZERO);
    while began.elapsed() < Duration::from_secs(6) {
        slowest = slowest.max(serve(wire, writer)?);
        most = most.max(server.resident_kib()?);
    }
    let mut taken = 0;
    for sender in senders {
        taken += sender.join().unwrap_or(0);
    }
    println!(
        "   {HUGE} connections with half a frame of 100 MB: {} MB taken from them, {} MiB resident at most; a \
         record is acknowledged within {} ms",
        taken / 1_000_000,
        most >> 10,
        slowest.as_millis()
    );
    want(most < BUDGET_KIB + SLACK_KIB, "more memory than the budget of requests")?;
    want(slowest < Duration::from_secs(2), "others wait")
}

/// Sends half of a frame, as far as it is taken, and stays for a while; how much was taken.
fn half(mut stream: &TcpStream) -> u64 {
    let chunk = vec![0; 1 << 20];
    let mut sent = 0;
    if stream.write_all(&FRAME_BYTES.to_be_bytes()).is_err() {
        return 0;
    }
    let began = Instant::now();
    while sent < u64::from(FRAME_BYTES / 2) && began.elapsed() < Duration::from_secs(5) {
        match stream.write(&chunk) {
            Ok(written) => sent += written as u64,
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    std::thread::sleep(Duration::from_secs(7).saturating_sub(began.elapsed()));
    sent
}

/// Some records; the longest time that one of them took.
pub(crate) fn serve(wire: &mut Wire, writer: &mut Writer) -> Result<Duration, String> {
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let began = Instant::now();
        writer.send(wire, number % 4, 1_000)?;
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}

/// How many descriptors this process may have.
pub(crate) fn descriptors_max() -> u64 {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    let number = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    number.unwrap_or(1024)
}
