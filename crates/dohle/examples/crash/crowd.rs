//! A crowd: 10,000 idle connections, hundreds that send the largest request there may be, slowly, some
//! that send larger ones, and some that want all there is and take their time. The node keeps its
//! memory, serves small requests meanwhile, and the idle are still there when it is over.

use crate::memory::{SPARE, descriptors_max, serve};
use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::{self, Wire};
use crate::writer::{Writer, now_ms};
use bytes::Bytes;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const IDLE: usize = 10_000;
const HUGE: usize = 300;
const OVER: usize = 50;
const GREEDY: usize = 50;
/// A request of these has a batch for each of so many partitions, of about a megabyte.
const PARTITIONS: i32 = 100;
const BATCH_BYTES: usize = 1_040_000;
/// What a huge sender sends before it pauses, and for how long: some eight seconds for its request.
const STEP_BYTES: usize = 256 << 10;
const STEP_PAUSE: Duration = Duration::from_millis(20);
const WINDOW: Duration = Duration::from_secs(40);
/// `queued.max.request.bytes` where nothing is set, and what else a node may take.
const BUDGET_KIB: u64 = 512 << 10;
const SLACK_KIB: u64 = 96 << 10;
/// A small request is to be answered within this, whatever the others do.
const SMALL_WAIT_MAX: Duration = Duration::from_secs(5);

/// What the crowd has done so far.
#[derive(Default)]
struct Tally {
    is_over: AtomicBool,
    sent_bytes: AtomicU64,
    acknowledged: AtomicU64,
    refused: AtomicU64,
    fetched_bytes: AtomicU64,
}

impl Tally {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }
}

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let batch = wire::batch(now_ms(), None, &vec![b'h'; BATCH_BYTES])?;
    let batches = (0..PARTITIONS).map(|partition| (partition, batch.clone()));
    let frame: Arc<[u8]> = wire::frame(9, &wire::produce_request("huge", batches)).into();
    let mut server = Server::new(&ground.binary, &ground.folder.join("data"))?
        .with(format!("socket.request.max.bytes={}", frame.len() - 4))
        .with("log.segment.bytes=104857600")
        // All come at once. A client that finds no room among 50 learns it from a reset, when it sends.
        .with("socket.listen.backlog.size=1024");
    server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    wire.create("huge", PARTITIONS, &[])?;
    wire.create("small", 4, &[])?;
    let mut writer = Writer::new("small");
    serve(&mut wire, &mut writer)?;
    // Something for those who want much.
    wire.produce_many("huge", (0..PARTITIONS / 2).map(|partition| (partition, batch.clone())))?;

    let mut idle = gather_idle(&server)?;
    let calm_kib = server.resident_kib()?;
    let tally = Arc::new(Tally::default());
    let crowd = begin(&server.address(), &frame, &tally);
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    while began.elapsed() < WINDOW {
        slowest = slowest.max(serve(&mut wire, &mut writer)?);
    }
    tally.is_over.store(true, Ordering::Relaxed);
    for one in crowd {
        one.join().map_err(|_| "one of the crowd has failed")??;
    }
    report(&server, &tally, (idle.len(), calm_kib), (frame.len(), slowest))?;
    for one in &mut idle {
        one.greet().map_err(|failure| format!("who was idle is not served any more: {failure}"))?;
    }
    writer.check(&server.address(), 4).map(drop)
}

fn gather_idle(server: &Server) -> Result<Vec<Wire>, String> {
    let others = (HUGE + OVER + GREEDY) as u64 + SPARE;
    let most = usize::try_from(descriptors_max().saturating_sub(others)).unwrap_or(IDLE);
    let mut idle = Vec::new();
    for _ in 0..IDLE.min(most) {
        let mut one = Wire::dial(&server.address())?;
        one.greet()?;
        idle.push(one);
    }
    Ok(idle)
}

type One = thread::JoinHandle<Result<(), String>>;

fn begin(address: &str, frame: &Arc<[u8]>, tally: &Arc<Tally>) -> Vec<One> {
    let begin = |one: fn(&str, &[u8], &Tally) -> Result<(), String>| {
        let (address, frame, tally) = (address.to_owned(), frame.clone(), tally.clone());
        thread::spawn(move || one(&address, &frame, &tally))
    };
    let huge = (0..HUGE).map(|_| begin(huge));
    huge.chain((0..OVER).map(|_| begin(over))).chain((0..GREEDY).map(|_| begin(greedy))).collect()
}

/// A connection whose calls come back at once in a while, so that its owner sees the end.
fn dial(address: &str) -> Result<TcpStream, String> {
    let dial = || {
        let stream = TcpStream::connect(address)?;
        stream.set_write_timeout(Some(Duration::from_millis(500)))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        Ok(stream)
    };
    dial().map_err(|error: io::Error| format!("a connection: {error}"))
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Sends the whole request, slowly, and again once it is acknowledged.
fn huge(address: &str, frame: &[u8], tally: &Tally) -> Result<(), String> {
    let mut stream = dial(address)?;
    while tally.goes_on() {
        let mut rest = frame;
        while tally.goes_on() && !rest.is_empty() {
            match stream.write(&rest[..rest.len().min(STEP_BYTES)]) {
                Ok(sent) => {
                    rest = &rest[sent..];
                    tally.sent_bytes.fetch_add(sent as u64, Ordering::Relaxed);
                    thread::sleep(STEP_PAUSE);
                }
                Err(error) if is_late(&error) => {}
                Err(error) => return Err(format!("a huge request: {error}")),
            }
        }
        if rest.is_empty() && read_answer(&mut stream, tally)? {
            tally.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Whether a whole answer came before the end.
fn read_answer(stream: &mut TcpStream, tally: &Tally) -> Result<bool, String> {
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    while tally.goes_on() {
        match stream.read(&mut chunk) {
            Ok(0) => return Err("a huge request ends its connection".to_owned()),
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(format!("an answer: {error}")),
        }
        if let Some((size, body)) = answer.split_first_chunk::<4>()
            && usize::try_from(u32::from_be_bytes(*size)).is_ok_and(|size| size <= body.len())
        {
            let refused = wire::refusals(Bytes::copy_from_slice(body))?;
            want(refused == 0, format!("a huge request is refused for {refused} partitions"))?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says that a byte more will come than may, and sends what it can: the connection must end.
fn over(address: &str, frame: &[u8], tally: &Tally) -> Result<(), String> {
    while tally.goes_on() {
        let mut stream = dial(address)?;
        let size = u32::try_from(frame.len() - 4 + 1).map_err(|error| error.to_string())?;
        // Both fail once the node has closed.
        let _gone = stream.write_all(&size.to_be_bytes());
        let _gone = stream.write(&frame[..STEP_BYTES]);
        let began = Instant::now();
        while stream.read(&mut [0; 16]).is_err_and(|error| is_late(&error)) {
            want(began.elapsed() < Duration::from_secs(10), "a request over the limit is taken")?;
        }
        tally.refused.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Asks for all that a topic has, as much at once as can be said, and takes it slowly.
fn greedy(address: &str, _: &[u8], tally: &Tally) -> Result<(), String> {
    let partitions = (0..PARTITIONS).map(|partition| (partition, 0));
    let request = wire::frame(11, &wire::fetch_request("huge", partitions, i32::MAX));
    let mut stream = dial(address)?;
    let mut chunk = vec![0; 64 << 10];
    while tally.goes_on() {
        // What is asked four times without waiting is answered one after the other.
        for _ in 0..4 {
            stream.write_all(&request).map_err(|error| format!("a fetch: {error}"))?;
        }
        let mut left = 4 * (16 << 20);
        while tally.goes_on() && left > 0 {
            match stream.read(&mut chunk) {
                Ok(0) => return Err("who reads slowly is cut off".to_owned()),
                Ok(read) => {
                    left -= read.min(left);
                    tally.fetched_bytes.fetch_add(read as u64, Ordering::Relaxed);
                    thread::sleep(STEP_PAUSE / 4);
                }
                Err(error) if is_late(&error) => {}
                Err(error) => return Err(format!("a fetch: {error}")),
            }
        }
    }
    Ok(())
}

fn report(
    server: &Server,
    tally: &Tally,
    (idle, calm_kib): (usize, u64),
    (frame_bytes, slowest): (usize, Duration),
) -> Result<(), String> {
    let peak_kib = server.peak_kib()?;
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "   {idle} idle connections ({} MiB resident), {HUGE} that send {frame_bytes} bytes slowly, {OVER} more \
         than that, {GREEDY} that fetch all: {} MB taken, {} such requests acknowledged, {} over the limit \
         refused, {} MB fetched; {} MiB resident at most; a record is acknowledged within {} ms",
        calm_kib >> 10,
        of(&tally.sent_bytes) / 1_000_000,
        of(&tally.acknowledged),
        of(&tally.refused),
        of(&tally.fetched_bytes) / 1_000_000,
        peak_kib >> 10,
        slowest.as_millis()
    );
    want(of(&tally.acknowledged) > 0, "no huge request was acknowledged")?;
    want(of(&tally.refused) > 0 && of(&tally.fetched_bytes) > 0, "the crowd did nothing")?;
    want(peak_kib < BUDGET_KIB + SLACK_KIB, "more memory than the budget of requests")?;
    want(slowest < SMALL_WAIT_MAX, "who sends little waits for who sends much")
}
