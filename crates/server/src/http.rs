//! What is asked over HTTP: metrics, and whether the node lives and serves.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | metrics under the names that jmx_exporter's rules for Kafka give |
//! | `/metrics/confluent` | the same under the names that Confluent's rules give |
//! | `/metrics/dohle` | the same under names of our own, in base units |
//! | `/metrics/clients` | what clients push of their own metrics |
//! | `/livez` | 200: the process answers |
//! | `/readyz` | 200 while clients are served, else 503 |
//!
//! One request a connection, GET or HEAD, no body: all that a scraper and a probe send.

use crate::node::on_reactor;
use crate::process::Process;
use dohle_broker::start::{Reading, Watch};
use dohle_env::Env;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A request's line and headers.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Connections that are answered at once; others wait to be accepted.
const AT_ONCE: usize = 16;
/// Within this a connection has to send its request, and to take its answer.
const WITHIN: Duration = Duration::from_secs(10);

/// Answers what comes to `listener`, for as long as it is polled. On a tokio runtime with I/O and
/// time; the node's own work is done on its reactors.
pub async fn serve(listener: TcpListener, env: Env, watch: Watch) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let process = Arc::new(Process::default());
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("metrics.port cannot accept: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let (env, watch, process) = (env.clone(), watch.clone(), process.clone());
        tokio::spawn(async move {
            // Who is gone or too slow is not missed.
            let _ended = tokio::time::timeout(WITHIN, answer(stream, &env, watch, &process)).await;
            drop(place);
        });
    }
}

async fn answer(stream: TcpStream, env: &Env, watch: Watch, process: &Process) -> io::Result<()> {
    let Some(head) = read_head(&stream).await? else { return Ok(()) };
    let mut words = head.split_ascii_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        ("GET" | "HEAD", _) => page(path, env, watch, process).await,
        _ => ("405 Method Not Allowed", "only GET and HEAD are answered\n".to_owned()),
    };
    let size_bytes = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {size_bytes}\r\nConnection: close\r\n\r\n"
    );
    send(&stream, head.as_bytes()).await?;
    if method != "HEAD" {
        send(&stream, body.as_bytes()).await?;
    }
    Ok(())
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn page(path: &str, env: &Env, watch: Watch, process: &Process) -> (&'static str, String) {
    type Page = fn(&Reading) -> String;
    type PutProcess = fn(&Process, &mut String);
    let (page, put_process): (Page, PutProcess) = match path {
        "/metrics" => (Reading::kafka_page, Process::put_of_kafka),
        "/metrics/confluent" => (Reading::confluent_page, Process::put_of_confluent),
        "/metrics/dohle" => (Reading::own_page, Process::put_own),
        "/metrics/clients" => return ("200 OK", watch.clients_page()),
        "/livez" => return ("200 OK", "ok\n".to_owned()),
        "/readyz" if watch.is_ready() => return ("200 OK", "ok\n".to_owned()),
        "/readyz" => return ("503 Service Unavailable", "the node does not serve\n".to_owned()),
        _ => return ("404 Not Found", "there are /metrics, /livez and /readyz\n".to_owned()),
    };
    let Some(reading) = on_reactor(env, async move { watch.read().await }).await else {
        return ("503 Service Unavailable", "the node stops\n".to_owned());
    };
    // Made here: a page of many partitions would hold up a reactor.
    let mut text = page(&reading);
    process.put(&mut text);
    put_process(process, &mut text);
    ("200 OK", text)
}

/// A request up to the empty line; `None` if it ends before or is too long.
async fn read_head(stream: &TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if HEAD_BYTES_MAX <= head.len() {
            return Ok(None);
        }
        stream.readable().await?;
        let mut some = [0; 1024];
        match stream.try_read(&mut some) {
            Ok(0) => return Ok(None),
            Ok(size_bytes) => head.extend_from_slice(&some[..size_bytes]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}
