//! Memory: what idle connections take, and that huge requests which never become whole take no more
//! than the budget, while others are served.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::Wire;
use crate::writer::Writer;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const IDLE: usize = 10_000;
/// Descriptors that are needed beside the connections, on either side.
pub(crate) const SPARE: u64 = 500;
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
    let mut writer = Writer::new("small");
    for number in 0..400 {
        writer.send(&mut wire, number % 4, 1_000)?;
    }
    idle(&server, &mut wire, &mut writer)?;
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
