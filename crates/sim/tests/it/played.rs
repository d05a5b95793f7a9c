//! Nodes that are played: what they answer is what a test says, right or wrong.

use bytes::{Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::net::{Connection, Piece};
use dohle_env::tasks::Home;
use dohle_protocol::frame::{self, Cut, RequestStart};
use dohle_protocol::wire::{Message, Part, Reader};
use dohle_sim::world::World;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const PORT: u16 = 9092;
const FRAME_BYTES_MAX: usize = 1 << 20;

/// What several nodes answer.
pub(crate) trait Played: Send + 'static {
    /// The answer of the `node`-th to what is read `from` its frame.
    fn answer(&mut self, node: usize, start: &RequestStart, from: &mut Reader) -> Vec<Part>;
}

/// An answer to the question that began so.
pub(crate) fn encoded(start: &RequestStart, answer: &impl Message) -> Vec<Part> {
    let id = start.correlation_id;
    frame::encode_response(start.key, start.version, id, answer).into_iter().collect()
}

/// Starts nodes of these names; their addresses.
pub(crate) fn start<P: Played>(
    world: &mut World,
    names: &[&str],
    played: &Arc<Mutex<P>>,
) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for (node, name) in names.iter().enumerate() {
        let env = world.start(name);
        addresses.push(SocketAddr::new(world.address(name), PORT));
        env.tasks.spawn(Home::LeastLoaded, Box::pin(serve(env.clone(), node, played.clone())));
    }
    addresses
}

async fn serve<P: Played>(env: Env, node: usize, played: Arc<Mutex<P>>) {
    let mut listener = env.net.listen(([0, 0, 0, 0], PORT).into()).unwrap();
    while let Ok(connection) = poll_fn(|cx| listener.poll_accept(cx)).await {
        let session = converse(connection, node, played.clone());
        env.tasks.spawn(Home::LeastLoaded, Box::pin(session));
    }
}

async fn converse<P: Played>(
    mut connection: Box<dyn Connection>,
    node: usize,
    played: Arc<Mutex<P>>,
) {
    let mut received = BytesMut::new();
    loop {
        while let Cut::Whole { size_bytes } = frame::cut(&received, FRAME_BYTES_MAX) {
            let mut out = respond(frame::take(&mut received, size_bytes), node, &played);
            while !out.is_empty() {
                if poll_fn(|cx| connection.poll_send(cx, &mut out)).await.is_err() {
                    return;
                }
            }
        }
        match poll_fn(|cx| connection.poll_receive(cx, &mut received)).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn respond<P: Played>(frame: Bytes, node: usize, played: &Mutex<P>) -> VecDeque<Piece> {
    let mut from = Reader::new(frame);
    let start = frame::read_request_start(&mut from).unwrap();
    let parts = played.lock().unwrap().answer(node, &start, &mut from);
    let pieces = parts.into_iter().filter_map(|part| match part {
        Part::Bytes(bytes) => Some(Piece::Bytes(bytes)),
        Part::Elsewhere { .. } => None,
    });
    pieces.collect()
}
