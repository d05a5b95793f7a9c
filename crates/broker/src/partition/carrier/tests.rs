//! A machine of a few lines in a partition: what the host promises to any machine, and what is left of
//! one when its leadership ends.

use super::{Carrier, Surrounded};
use crate::coordinators::{Loaded, Served, question, read_on, said};
use crate::directory::Directory;
use crate::node::Node;
use crate::partition::command::{Command, EndTransaction, Read};
use crate::partition::{Effect, NewPartition, Partition};
use crate::topic::TopicSettings;
use bytes::Bytes;
use dohle_coordinator::counts::Counts;
use dohle_coordinator::{Coordinated, KeyValue, RecordError, Surroundings};
use dohle_env::Env;
use dohle_env::gather::Gather;
use dohle_env::ready::Ready;
use dohle_env::strand::{Owned, Strand, Turned};
use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{Layers, TopicConfig};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::record::compression::Compression;
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{After, Entry, Machine, Outcome, Token};
use dohle_sim::world::World;
use dohle_storage::log_dir::format::Format;
use dohle_storage::log_dirs::{Layout, LockedDirs};
use dohle_storage::{Cursor, FlushWork, Log, Opening, Place, Storage};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::task::{Context, Waker};

/// A list of words; who waits is told the next one.
#[derive(Debug)]
enum Words {}

#[derive(Debug, Default)]
struct Said {
    words: Vec<String>,
    newest: Option<Offset>,
}

#[derive(Debug, Default)]
struct Listeners {
    /// Each with something of its own, so that a test sees when it is forgotten.
    waiting: Vec<(Token, Arc<()>)>,
    surroundings: usize,
}

#[derive(Debug)]
enum Order {
    Surroundings,
    Wake,
    /// Answered once it is committed, and so are all who listen.
    Say(Token, String),
    /// Answered once what was read is committed.
    Count(Token),
    /// Answered when somebody says something.
    Listen(Token, Arc<()>),
    /// Answered at once.
    Refuse(Token),
}

impl Machine for Words {
    type Hard = Said;
    type Soft = Listeners;
    type Command = Order;
    type Record = String;
    type Answer = String;
    type Effect = Infallible;

    fn decide(hard: &Said, soft: &mut Listeners, _: Timestamp, order: Order) -> Outcome<Self> {
        match order {
            Order::Surroundings => {
                soft.surroundings += 1;
                Outcome::nothing()
            }
            Order::Wake => Outcome::nothing(),
            Order::Say(token, word) => {
                let mut outcome = Outcome::written(token, "said".into(), vec![word.clone()]);
                let waiting = soft.waiting.drain(..);
                let told = waiting.map(|(token, _)| (token, word.clone(), After::Records));
                outcome.answers.extend(told);
                outcome
            }
            Order::Count(token) => {
                let count = format!("{} of {}", hard.words.len(), soft.surroundings);
                Outcome::read(token, count, hard.newest.unwrap_or(Offset(-1)))
            }
            Order::Listen(token, own) => {
                soft.waiting.push((token, own));
                Outcome::nothing()
            }
            Order::Refuse(token) => Outcome::written(token, "no".into(), Vec::new()),
        }
    }

    fn apply(hard: &mut Said, at: Offset, entry: &Entry<String>) {
        hard.newest = Some(at);
        if let Entry::Record { record, .. } = entry {
            hard.words.push(record.clone());
        }
    }

    fn elected(_: &Said, _: Timestamp) -> Outcome<Self> {
        Outcome::nothing()
    }

    fn woken() -> Order {
        Order::Wake
    }
}

impl Coordinated for Words {
    const TOPIC: &'static str = "__words";
    type Known = ();

    fn encode(record: &String) -> KeyValue {
        KeyValue { key: Bytes::from(record.clone()), value: None }
    }

    fn decode(key: Option<Bytes>, _: Option<Bytes>) -> Result<Option<String>, RecordError> {
        let key = key.ok_or(RecordError::NoType)?;
        Ok(String::from_utf8(key.to_vec()).ok())
    }

    fn refused(_: &[String]) -> Option<Order> {
        None
    }

    fn known(_: Surroundings<'_>) {}

    fn surround((): (), _: i32) -> Order {
        Order::Surroundings
    }

    fn counts(_: &Said, _: &Listeners) -> Counts {
        Counts::Groups(Default::default())
    }
}

impl Served for Words {
    fn begin(_: &Arc<Node>, _: &Arc<Strand<Partition>>, effect: Infallible) {
        match effect {}
    }
}

fn settings() -> Arc<TopicSettings> {
    let own: Configs = [("flush.messages", "1")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let nothing = Configs::default();
    let broker = Layers { broker: &nothing, cluster: &nothing, file: &nothing };
    Arc::new(TopicSettings {
        config: TopicConfig::resolve(&own, broker),
        producer_id_expiration_ms: 86_400_000,
        transaction_verification: false,
    })
}

fn partition(env: &Env, path: &str) -> Partition {
    let layout = Layout::new(vec![PathBuf::from(path)], None).expect("a directory");
    let format = Format {
        layout: &layout,
        cluster_id: "4L6g3nShT-eMCtK--X86sw",
        node_id: 1,
        bootstrap: &[],
        voters: None,
        ignore_formatted: true,
    };
    for directory in format.plan(&*env.disk, &*env.random).expect("a plan").empty {
        format.run(&*env.disk, &directory, &*env.random, 0).expect("formatted");
    }
    let locked = LockedDirs::lock(env.disk.clone(), layout).expect("directories");
    let directories = locked.open(1, &*env.random, 0).expect("directories");
    let log_dir = directories.metadata().clone();
    let directory = Directory::new(log_dir, env.tasks.clone(), env.clock.clone());
    let folder = format!("{path}/__words-0");
    let place = Place::new(Storage::new(env.disk.clone()), folder, "__words-0");
    let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 0 };
    let settings = settings();
    let (log, _) = Log::open(place, settings.log_config(), opening).expect("a log");
    Partition::new(NewPartition {
        topic: Text::from_static(Words::TOPIC),
        index: 0,
        log,
        directory,
        high_watermark: None,
        settings,
        clock: env.clock.clone(),
    })
}

/// A partition that takes its turns when a test says so, and whose flushes wait.
struct Stage {
    partition: Partition,
    /// Effects want a strand, and do nothing with it here.
    elsewhere: Arc<Strand<Partition>>,
    flushes: Vec<FlushWork>,
}

type Open = Option<Gather<Result<String, ErrorCode>>>;

impl Stage {
    /// In its first leadership, with a machine.
    fn new() -> Self {
        let env = World::new(7).start("node");
        let elsewhere = Strand::new(env.tasks.clone(), partition(&env, "/elsewhere"));
        let partition = partition(&env, "/here");
        let mut stage = Self { partition, elsewhere, flushes: Vec::new() };
        stage.turn(Command::Lead { leader_epoch: 1, partition_epoch: 1 });
        stage.load();
        stage
    }

    fn turn(&mut self, command: Command) {
        let (mut commands, mut effects) = (vec![command], Vec::new());
        let mut turned = self.partition.turn(&mut commands, &mut effects);
        while let Turned::Job(_, work) = turned {
            turned = work()(&mut self.partition, &mut effects);
        }
        for effect in effects {
            if let Effect::Flush(_, work) = effect {
                self.flushes.push(work);
            } else {
                Partition::perform(&self.elsewhere, effect);
            }
        }
    }

    /// The machine moves in, as its log says.
    fn load(&mut self) {
        let reader = self.partition.log().expect("a log").reader();
        let loaded = read_on(Loaded::<Words>::default(), &reader).expect("a log that can be read");
        let surrounded = Surrounded { known: (), compression: Compression::NONE };
        let mut effects = Vec::new();
        let elect = |partition: &mut Partition| {
            Carrier::<Words>::elected(loaded.hard, Weak::new(), surrounded, partition)
        };
        self.partition.carry(elect, &mut effects);
        assert!(effects.is_empty());
    }

    fn ask(&mut self, order: impl FnOnce(Token) -> Order + Send + 'static) -> Open {
        let gather = Gather::with_capacity(1);
        let slot = gather.slot();
        self.turn(question::<Words>(order, slot, None));
        Some(gather)
    }

    fn flush(&mut self) {
        for work in std::mem::take(&mut self.flushes) {
            self.turn(Command::Flushed(work.run()));
        }
    }
}

/// What was answered; `None` while it waits.
fn heard(open: &mut Open) -> Option<Result<String, ErrorCode>> {
    let mut gather = open.take().expect("it is heard once");
    let mut context = Context::from_waker(Waker::noop());
    if gather.poll_complete(&mut context).is_pending() {
        *open = Some(gather);
        return None;
    }
    gather.take().pop().map(said)
}

fn say(word: &'static str) -> impl FnOnce(Token) -> Order + Send + 'static {
    move |token| Order::Say(token, word.to_owned())
}

#[test]
fn a_machine_is_answered_for_when_what_it_says_is_committed() {
    let mut stage = Stage::new();
    let mut refused = stage.ask(Order::Refuse);
    assert_eq!(heard(&mut refused), Some(Ok("no".into())), "it rests on nothing");
    let mut counted = stage.ask(Order::Count);
    assert_eq!(heard(&mut counted), Some(Ok("0 of 1".into())), "all there is is committed");
    let mut listens = stage.ask(|token| Order::Listen(token, Arc::default()));
    let mut said = stage.ask(say("a"));
    let mut counted = stage.ask(Order::Count);
    let mut refused = stage.ask(Order::Refuse);
    for open in [&mut listens, &mut said, &mut counted] {
        assert_eq!(heard(open), None, "the disk does not have it yet");
    }
    assert_eq!(heard(&mut refused), Some(Ok("no".into())));
    assert_eq!(stage.partition.open_answers(), 3);
    stage.flush();
    assert_eq!(heard(&mut listens), Some(Ok("a".into())));
    assert_eq!(heard(&mut said), Some(Ok("said".into())));
    assert_eq!(heard(&mut counted), Some(Ok("1 of 1".into())));
    assert_eq!(stage.partition.open_answers(), 0);
}

/// Takes the leadership from a partition whose machine has something of everything under way.
fn lose(how: impl FnOnce() -> Command) -> Stage {
    let mut stage = Stage::new();
    let own = Arc::new(());
    let kept = Arc::downgrade(&own);
    let mut early = stage.ask(say("a"));
    stage.flush();
    assert_eq!(heard(&mut early), Some(Ok("said".into())));
    let mut said = stage.ask(say("b"));
    let mut counted = stage.ask(Order::Count);
    let mut listens = stage.ask(|token| Order::Listen(token, own));
    for open in [&mut said, &mut counted, &mut listens] {
        assert_eq!(heard(open), None);
    }
    assert!(kept.upgrade().is_some() && stage.partition.machine_counts().is_some());
    stage.turn(how());
    for open in [&mut said, &mut counted, &mut listens] {
        assert_eq!(heard(open), Some(Err(ErrorCode::NOT_COORDINATOR)));
    }
    assert!(kept.upgrade().is_none(), "what the machine knew is forgotten");
    assert_eq!(stage.partition.machine_counts(), None);
    assert_eq!(stage.partition.open_answers(), 0);
    stage
}

#[test]
fn who_waits_when_another_leadership_begins_is_sent_away() {
    let mut stage = lose(|| Command::Lead { leader_epoch: 2, partition_epoch: 2 });
    let mut early = stage.ask(Order::Count);
    assert_eq!(heard(&mut early), Some(Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)));
    // What was written is there for the next machine, whether anybody was told or not.
    stage.load();
    let mut counted = stage.ask(Order::Count);
    assert_eq!(heard(&mut counted), None, "it is not on the disk yet");
    stage.flush();
    assert_eq!(heard(&mut counted), Some(Ok("2 of 1".into())));
    let mut said = stage.ask(say("c"));
    stage.flush();
    assert_eq!(heard(&mut said), Some(Ok("said".into())));
}

#[test]
fn who_waits_when_the_partition_goes_is_sent_away() {
    let taken = Gather::with_capacity(1);
    let slot = taken.slot();
    let mut stage = lose(|| Command::TakeLog(slot));
    let mut late = stage.ask(Order::Count);
    assert_eq!(heard(&mut late), Some(Err(ErrorCode::NOT_COORDINATOR)));
    stage.flush();
}

#[test]
fn who_waits_when_the_disk_fails_is_sent_away() {
    let failed = || Command::Flushed(Err(std::io::Error::other("the disk is gone")));
    let mut stage = lose(failed);
    let mut late = stage.ask(Order::Count);
    assert_eq!(heard(&mut late), Some(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE)));
}

/// After a kill in the middle of a move the metadata may say that the log lies in a directory that is
/// offline: what is here then has no leader, and its high watermark is as old as its checkpoint.
#[test]
fn who_was_not_told_to_lead_answers_nobody() {
    let env = World::new(7).start("node");
    let mut partition = partition(&env, "/here");
    let read = |partition: &mut Partition| {
        let read = Read {
            cursor: Cursor::at(0),
            current_leader_epoch: -1,
            last_fetched_epoch: -1,
            committed_only: false,
            size_bytes_max: 1,
            at_least_one_batch: true,
            mark: Ready::default().mark(0),
            slot: Gather::with_capacity(1).slot(),
        };
        let mut effects = Vec::new();
        assert!(matches!(
            partition.turn(&mut vec![Command::Read(read)], &mut effects),
            Turned::Done
        ));
        let answers = effects.into_iter().filter_map(|effect| {
            if let Effect::Read(_, answer) = effect { Some(answer.error) } else { None }
        });
        answers.collect::<Vec<_>>()
    };
    assert_eq!(read(&mut partition), [ErrorCode::NOT_LEADER_OR_FOLLOWER]);
    let mut lead = vec![Command::Lead { leader_epoch: 1, partition_epoch: 1 }];
    drop(partition.turn(&mut lead, &mut Vec::new()));
    assert_eq!(read(&mut partition), [ErrorCode::NONE]);
}

/// Who is told to lead leads in the same turn: what comes right behind is meant for the leader.
#[test]
fn who_is_told_to_lead_takes_what_follows() {
    let env = World::new(7).start("node");
    let mut partition = partition(&env, "/here");
    let end = |id| {
        Command::EndTransaction(EndTransaction {
            marker: EndTransactionMarker {
                committed: true,
                coordinator_epoch: 0,
                producer_id: id,
                producer_epoch: 0,
            },
            transaction_version: 0,
            slot: Gather::with_capacity(1).slot(),
        })
    };
    let lead = Command::Lead { leader_epoch: 1, partition_epoch: 1 };
    let mut effects = Vec::new();
    let mut turned = partition.turn(&mut vec![end(1), lead, end(2)], &mut effects);
    while let Turned::Job(_, work) = turned {
        turned = work()(&mut partition, &mut effects);
    }
    let answers = effects.into_iter().filter_map(|effect| {
        if let Effect::Appended(_, answer) = effect { Some(answer.error) } else { None }
    });
    assert_eq!(answers.collect::<Vec<_>>(), [ErrorCode::NOT_LEADER_OR_FOLLOWER]);
    // The other answer waits for a flush.
    assert_eq!(partition.log().expect("a log").end_offset(), 1);
}
