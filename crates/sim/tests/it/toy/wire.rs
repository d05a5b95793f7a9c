//! The toy's server and clients, over `env` alone.

use super::log::{Append, Entry, Id, Log, payload_of};
use super::{Bug, History};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::clock::{Timer, sleep};
use dohle_env::gather::{Answer, Gather};
use dohle_env::net::{Connection, Piece};
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

pub(super) const PORT: u16 = 9092;
const REPLY_BYTES: usize = 16;

struct Stream {
    connection: Box<dyn Connection>,
    received: BytesMut,
}

impl Stream {
    fn new(connection: Box<dyn Connection>) -> Self {
        Self { connection, received: BytesMut::new() }
    }

    async fn send(&mut self, bytes: Bytes) -> io::Result<()> {
        let mut out = VecDeque::from([Piece::Bytes(bytes)]);
        poll_fn(|cx| self.connection.poll_send(cx, &mut out)).await
    }

    async fn receive(&mut self, size: usize) -> io::Result<BytesMut> {
        while self.received.len() < size {
            let received = &mut self.received;
            if poll_fn(|cx| self.connection.poll_receive(cx, received)).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.received.split_to(size))
    }
}

/// Recovers the log and serves it; ends if the log cannot be opened.
pub(super) async fn serve(env: Env, bug: Option<Bug>) {
    let Ok(log) = Log::open(env.disk.clone(), bug) else { return };
    let log = Strand::new(env.tasks.clone(), log);
    let address = SocketAddr::from(([0, 0, 0, 0], PORT));
    let Ok(mut listener) = env.net.listen(address) else { return };
    loop {
        let Ok(connection) = poll_fn(|cx| listener.poll_accept(cx)).await else { continue };
        let session = serve_connection(Stream::new(connection), log.clone());
        env.tasks.spawn(Home::LeastLoaded, Box::pin(session));
    }
}

async fn serve_connection(mut stream: Stream, log: Arc<Strand<Log>>) {
    while let Ok(mut head) = stream.receive(12).await {
        let size = head.get_u32() as usize;
        let id = (head.get_u32(), head.get_u32());
        let Ok(payload) = stream.receive(size).await else { return };
        let gather = Gather::with_capacity(1);
        let entry = Entry { id, payload: payload.to_vec() };
        log.submit(Append { entry, slot: gather.slot() });
        let [Answer::Filled(position)] = gather.all().await[..] else { return };
        let mut reply = BytesMut::with_capacity(REPLY_BYTES);
        reply.put_u32(id.0);
        reply.put_u32(id.1);
        reply.put_u64(position);
        if stream.send(reply.freeze()).await.is_err() {
            return;
        }
    }
}

/// Sends its numbers one after another, each until it is acknowledged.
pub(super) async fn client(env: Env, server: SocketAddr, client: u32, count: u32, seen: History) {
    let mut stream = None;
    let mut timer = env.clock.timer();
    for number in 0..count {
        let id = (client, number);
        seen.lock().unwrap().sent.insert(id);
        loop {
            timer.arm(env.clock.now() + Duration::from_millis(400));
            let attempt = exchange(&env, &mut stream, server, id);
            if let Some(Ok(position)) = within(&mut *timer, attempt).await {
                seen.lock().unwrap().acknowledged.insert(id, position);
                break;
            }
            stream = None;
            let pause = env.random.below(40_000);
            sleep(&*env.clock, Duration::from_micros(pause)).await;
        }
        let pause = env.random.below(20_000);
        sleep(&*env.clock, Duration::from_micros(pause)).await;
    }
    seen.lock().unwrap().clients_done += 1;
}

async fn exchange(
    env: &Env,
    stream: &mut Option<Stream>,
    server: SocketAddr,
    id: Id,
) -> io::Result<u64> {
    let stream = match stream {
        Some(stream) => stream,
        None => stream.insert(Stream::new(env.net.dial(server)?)),
    };
    let payload = payload_of(id);
    let mut request = BytesMut::new();
    request.put_u32(u32::try_from(payload.len()).unwrap());
    request.put_u32(id.0);
    request.put_u32(id.1);
    request.put_slice(&payload);
    stream.send(request.freeze()).await?;
    let mut reply = stream.receive(REPLY_BYTES).await?;
    assert_eq!((reply.get_u32(), reply.get_u32()), id, "an answer to another question");
    Ok(reply.get_u64())
}

/// `None` if the timer expires first.
async fn within<T>(timer: &mut dyn Timer, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => timer.poll_expired(cx).map(|()| None),
    })
    .await
}
