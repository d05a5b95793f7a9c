//! A host for one transaction coordinator: its log is a list, and what it writes is committed at
//! once. It speaks the words of transcripts.

use crate::coordinated::{Coordinated, KeyValue};
use crate::transaction::metadata::TransactionMetadata;
use crate::transaction::{
    Answer, Asked, Command, Effect, Known, Leadership, Markers, Request, Settings, TopicPartition,
    TransactionCoordinator, TransactionRecord, TransactionState, Transactions,
};
use crate::transcripts::{BrokerConfigs, Step};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, ProducerEpoch, ProducerId, Timestamp};
use dohle_protocol::messages as m;
use dohle_protocol::wire::{JsonWriter, Message, Text};
use dohle_replication::machine::{Entry, Machine, Outcome, ProducerIdAndEpoch, Token};
use std::collections::BTreeSet;

type Machines = TransactionCoordinator;

/// The machine, its log, and what is on its way.
pub(super) struct Host {
    pub(super) hard: Transactions,
    soft: Leadership,
    pub(super) now: i64,
    pub(super) log: Vec<TransactionRecord>,
    next_producer_id: i64,
    known: Known,
    configs: BrokerConfigs,
    /// Started and not yet back.
    pub(super) markers: Vec<Markers>,
    wanting_ids: Vec<Text>,
    wake_at: Option<Timestamp>,
    next_token: u64,
    /// What was answered, in order, and not looked at yet.
    pub(super) answered: Vec<(Token, Answer)>,
    /// The steps from state to state that were decided.
    pub(super) steps: BTreeSet<Step>,
    /// Records of one decision that are larger than this get no place in the log.
    batch_bytes_max: usize,
    /// How often that was so, since it was looked at last.
    too_large: usize,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            hard: Transactions::default(),
            soft: Leadership::default(),
            now: 0,
            log: Vec::new(),
            next_producer_id: 1000,
            known: Known { transaction_version: 2, ..Known::default() },
            configs: BrokerConfigs::default(),
            markers: Vec::new(),
            wanting_ids: Vec::new(),
            wake_at: None,
            next_token: 0,
            answered: Vec::new(),
            steps: BTreeSet::new(),
            batch_bytes_max: usize::MAX,
            too_large: 0,
        }
    }
}

/// A line of a transcript: words, some of them `key=value`.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.get(key).map(|value| value.parse().expect("a number"))
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }

    fn id(&self) -> Text {
        self.get("id").unwrap_or_default().into()
    }

    /// `producer=ID:EPOCH`.
    fn producer(&self) -> ProducerIdAndEpoch {
        let (id, epoch) = self.get("producer").unwrap_or("-1:-1").split_once(':').expect("a pair");
        ProducerIdAndEpoch {
            id: ProducerId(id.parse().expect("an id")),
            epoch: ProducerEpoch(epoch.parse().expect("an epoch")),
        }
    }

    /// Words like `topic-0`.
    fn partitions(&self) -> Vec<TopicPartition> {
        let one = |word: &&str| {
            let (topic, partition) = word.rsplit_once('-').filter(|_| !word.contains('='))?;
            let partition = partition.parse().ok()?;
            Some(TopicPartition { topic: topic.into(), partition })
        };
        self.0.iter().filter_map(one).collect()
    }
}

impl Host {
    /// Runs one line; gives what came of it, a thing a line.
    pub(super) fn run(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let [verb, rest @ ..] = &words[..] else { return Vec::new() };
        let words = Words(rest.to_vec());
        let before = self.log.len();
        let mut lines = match *verb {
            "surroundings" => self.surround(&words),
            "wait" => {
                self.now += rest[0].parse::<i64>().expect("milliseconds");
                self.decide(Command::Wake)
            }
            "batch-max" => {
                self.batch_bytes_max = rest[0].parse().unwrap_or(usize::MAX);
                Vec::new()
            }
            "wake" => {
                let mut lines = Vec::new();
                while self.wake_at.is_some_and(|at| at.0 <= self.now) {
                    lines.extend(self.decide(Command::Wake));
                }
                lines
            }
            "markers" => self.write_markers(),
            "draw" => self.draw(words.has("failed")),
            "log" => {
                self.load(&words);
                Vec::new()
            }
            "reload" => {
                self.reload();
                return Vec::new();
            }
            _ => self.ask_again(&words, request(verb, &words)),
        };
        let answers = std::mem::take(&mut self.answered);
        lines.splice(0..0, answers.iter().map(|(_, answer)| shown(answer)));
        lines.extend(vec!["too large".to_owned(); std::mem::take(&mut self.too_large)]);
        for record in &self.log[before..] {
            lines.push(shown_record(record));
        }
        lines
    }

    fn surround(&mut self, words: &Words<'_>) -> Vec<String> {
        if let Some(version) = words.number("transaction.version") {
            self.known.transaction_version = i16::try_from(version).expect("a version");
        }
        if let Some(epoch) = words.number("leader-epoch") {
            self.known.leader_epoch = i32::try_from(epoch).expect("an epoch");
        }
        let own = ["transaction.version", "leader-epoch"];
        let set = words.0.iter().filter_map(|word| word.split_once('='));
        for (name, value) in set.filter(|(name, _)| !own.contains(name)) {
            self.configs.set(name, value);
        }
        self.known.settings = self.configs.settings(Settings::of);
        let mut lines = self.decide(Command::Surroundings(self.known.clone()));
        let wake = self.wake_at.map_or(-1, |at| at.0 - self.now);
        lines.push(format!("wake after {wake} ms"));
        lines
    }

    /// All that is on its way has been written.
    fn write_markers(&mut self) -> Vec<String> {
        let markers = std::mem::take(&mut self.markers);
        let written = markers.into_iter().map(|one| Command::MarkersWritten(Box::new(one)));
        written.flat_map(|command| self.decide(command)).collect()
    }

    fn draw(&mut self, has_failed: bool) -> Vec<String> {
        let wanting = std::mem::take(&mut self.wanting_ids);
        let mut lines = Vec::new();
        for id in wanting {
            let fresh = (!has_failed).then(|| self.fresh());
            lines.extend(self.decide(Command::ProducerIdDrawn(id, fresh)));
        }
        lines
    }

    /// A record that some coordinator wrote before.
    fn load(&mut self, words: &Words<'_>) {
        let number = |key: &str, default| words.number(key).unwrap_or(default);
        let state = TransactionState::from_name(words.get("state").expect("a state"));
        let producer = words.producer();
        let metadata = TransactionMetadata {
            epoch: producer.epoch.0,
            previous_producer_id: number("previous", producer.id.0),
            next_producer_id: number("next", -1),
            timeout_ms: i32::try_from(number("timeout", 60_000)).expect("a timeout"),
            state: state.expect("a state's name"),
            partitions: words.partitions().into_iter().collect(),
            started_at: number("started", -1),
            updated_at: self.now,
            client_version: i16::try_from(number("client", 0)).expect("a version"),
            ..TransactionMetadata::new(producer.id.0)
        };
        let record = metadata.to_record(&words.id(), self.known.record_version());
        self.append(vec![record]);
    }

    /// The process ends, and another one reads the log.
    pub(super) fn reload(&mut self) {
        self.hard = Transactions::default();
        self.soft = Leadership::default();
        (self.markers, self.wanting_ids) = (Vec::new(), Vec::new());
        self.answered.clear();
        for record in self.log.clone() {
            let KeyValue { key, value } = Machines::encode(&record);
            let read = Machines::decode(Some(key), value).expect("what was written");
            self.apply(read.expect("a known type"));
        }
        let nothing = Machines::elected(&self.hard, Timestamp(self.now));
        assert!(nothing.records.is_empty() && nothing.effects.is_empty());
    }

    /// Tells the machine what it has to know.
    pub(super) fn surround_with(&mut self, transaction_version: i16) {
        self.known.transaction_version = transaction_version;
        self.decide(Command::Surroundings(self.known.clone()));
    }

    fn fresh(&mut self) -> i64 {
        self.next_producer_id += 1;
        self.next_producer_id - 1
    }

    /// Asks, and once more if a producer id is needed.
    pub(super) fn ask(&mut self, version: i16, request: &Request) -> Token {
        self.next_token += 1;
        let token = Token(self.next_token);
        self.ask_with(version, request, None);
        let needs = self.answered.pop_if(|(_, answer)| *answer == Answer::NeedsProducerId);
        if needs.is_some() {
            let fresh = self.fresh();
            self.ask_with(version, request, Some(fresh));
        }
        token
    }

    fn ask_with(&mut self, version: i16, request: &Request, fresh_producer_id: Option<i64>) {
        let (token, request) = (Token(self.next_token), request.clone());
        let asked = Asked { token, version, fresh_producer_id, request };
        self.outcome(Command::Ask(Box::new(asked)));
    }

    fn ask_again(&mut self, words: &Words<'_>, (version, request): (i16, Request)) -> Vec<String> {
        let version = words.number("v").map_or(version, |v| i16::try_from(v).expect("a version"));
        let (drawn, markers) = (self.next_producer_id, self.markers.len());
        let mut lines = Vec::new();
        self.ask(version, &request);
        if self.next_producer_id > drawn {
            lines.push(format!("drawn producer id {drawn}"));
        }
        if self.answered.is_empty() {
            lines.push("waits".to_owned());
        }
        lines.extend(self.markers[markers..].iter().map(shown_markers));
        lines
    }

    /// Decides, and gives what starts.
    pub(super) fn decide(&mut self, command: Command) -> Vec<String> {
        let effects = self.outcome(command);
        let shown = |effect: &Effect| match effect {
            Effect::WriteMarkers(markers) => shown_markers(markers),
            Effect::DrawProducerId(id) => format!("producer id wanted for {}", &**id),
        };
        effects.iter().map(shown).collect()
    }

    /// Decides, and what follows from that.
    fn outcome(&mut self, command: Command) -> Vec<Effect> {
        let (mut next, mut effects) = (Some(command), Vec::new());
        while let Some(command) = next {
            let outcome = self.step(command);
            effects.extend(outcome.effects);
            next = outcome.again;
        }
        effects
    }

    fn step(&mut self, command: Command) -> Outcome<Machines> {
        let now = Timestamp(self.now);
        let event = match &command {
            Command::Ask(asked) => event_of(&asked.request),
            Command::GoOn(id) => {
                let first = self.soft.waiting.get(id).and_then(|waiting| waiting.front());
                first.map_or("nobody waits", |waiting| event_of(&waiting.asked.request))
            }
            Command::MarkersWritten(_) => "markers are written",
            Command::Wake => "time",
            Command::ProducerIdDrawn(..) => "a producer id is drawn",
            Command::Surroundings(_) => "surroundings",
            Command::Refused(_) => "refusal",
        };
        let mut outcome = Machines::decide(&self.hard, &mut self.soft, now, command);
        assert!(outcome.producer.is_none());
        let encoded = outcome.records.iter().map(Machines::encode);
        let sizes = encoded.map(|one| one.key.len() + one.value.map_or(0, |value| value.len()));
        if self.batch_bytes_max < sizes.sum() {
            self.too_large += 1;
            self.wake_at = outcome.wake_at;
            let again = Machines::refused(&outcome.records);
            return Outcome { again, ..Outcome::nothing() };
        }
        let answers = std::mem::take(&mut outcome.answers).into_iter();
        self.answered.extend(answers.map(|(token, answer, _)| (token, answer)));
        self.note_steps(event, &outcome.records);
        for effect in &outcome.effects {
            match effect {
                Effect::WriteMarkers(markers) => self.markers.push(markers.clone()),
                Effect::DrawProducerId(id) => self.wanting_ids.push(id.clone()),
            }
        }
        self.wake_at = outcome.wake_at;
        self.append(std::mem::take(&mut outcome.records));
        outcome
    }

    fn note_steps(&mut self, event: &str, records: &[TransactionRecord]) {
        let none = "(nothing)";
        for record in records {
            let before = self.hard.by_id.get(&record.key.transactional_id);
            let from = before.map_or(none, |metadata| metadata.state.name());
            let next = record.value.as_ref().and_then(TransactionMetadata::from_record);
            let to = next.map_or(none, |metadata| metadata.state.name());
            self.steps.insert((from.to_owned(), event.to_owned(), to.to_owned()));
        }
    }

    fn append(&mut self, records: Vec<TransactionRecord>) {
        for record in records {
            self.apply(record.clone());
            self.log.push(record);
        }
    }

    fn apply(&mut self, record: TransactionRecord) {
        let at = Offset(self.hard.newest.0 + 1);
        let entry = Entry::Record { record, timestamp: Timestamp(self.now), producer: None };
        Machines::apply(&mut self.hard, at, &entry);
    }
}

/// What a request is called in the table of states.
fn event_of(request: &Request) -> &'static str {
    match request {
        Request::InitProducerId(_) => "InitProducerId",
        Request::AddPartitions { .. } => "AddPartitionsToTxn",
        Request::EndTxn(request) if request.committed => "EndTxn that commits",
        Request::EndTxn(_) => "EndTxn that aborts",
        Request::Describe(_) | Request::List(_) => "a look",
    }
}

/// A request, and the version in which today's clients send it.
fn request(verb: &str, words: &Words<'_>) -> (i16, Request) {
    let producer = words.producer();
    let list = |key: &str| -> Vec<&str> {
        words.get(key).map_or_else(Vec::new, |all| all.split(',').collect())
    };
    match verb {
        "init" => {
            let request = m::InitProducerIdRequest {
                transactional_id: Some(words.id()),
                transaction_timeout_ms: i32::try_from(words.number("timeout").unwrap_or(60_000))
                    .expect("a timeout"),
                producer_id: producer.id.0,
                producer_epoch: producer.epoch.0,
                enable2_pc: words.has("two-phase"),
                keep_prepared_txn: words.has("keep-prepared"),
                ..Default::default()
            };
            (6, Request::InitProducerId(request))
        }
        "add" | "verify" => {
            let request = Request::AddPartitions {
                transactional_id: words.id(),
                producer,
                partitions: words.partitions(),
                verify_only: verb == "verify",
            };
            (5, request)
        }
        "end" => {
            let request = m::EndTxnRequest {
                transactional_id: words.id(),
                producer_id: producer.id.0,
                producer_epoch: producer.epoch.0,
                committed: words.has("commit"),
                ..Default::default()
            };
            (5, Request::EndTxn(request))
        }
        "describe" => (0, Request::Describe(words.id())),
        "list" => {
            let request = m::ListTransactionsRequest {
                state_filters: list("states").into_iter().map(Text::from).collect(),
                producer_id_filters: list("producers")
                    .iter()
                    .map(|id| id.parse().expect("an id"))
                    .collect(),
                duration_filter: words.number("longer-than").unwrap_or(-1),
                transactional_id_pattern: words.get("pattern").map(Text::from),
                ..Default::default()
            };
            (2, Request::List(request))
        }
        verb => panic!("no command {verb}"),
    }
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::InitProducerId(m::InitProducerIdResponse {
            producer_id, producer_epoch, ..
        }) => {
            format!("producer {producer_id}:{producer_epoch}")
        }
        Answer::AddPartitions(errors) => {
            let errors: Vec<String> = errors.iter().map(ErrorCode::to_string).collect();
            errors.join(" ")
        }
        Answer::EndTxn(m::EndTxnResponse { producer_id, producer_epoch, .. }) => {
            format!("ended, producer {producer_id}:{producer_epoch}")
        }
        Answer::Describe(state) => {
            let response = m::DescribeTransactionsResponse {
                transaction_states: vec![state.clone()],
                ..Default::default()
            };
            json(&response, 0)
        }
        Answer::List(states) => {
            let one = |state: &m::list_transactions_response::TransactionState| {
                let (id, name) = (&*state.transactional_id, &*state.transaction_state);
                format!("{id} {} {name}", state.producer_id)
            };
            format!("[{}]", states.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Answer::NeedsProducerId => "a producer id is needed".to_owned(),
        Answer::Refused(error) => error.to_string(),
    }
}

fn shown_markers(markers: &Markers) -> String {
    let name = |one: &TopicPartition| format!("{}-{}", &*one.topic, one.partition);
    let partitions: Vec<String> = markers.partitions.iter().map(name).collect();
    format!(
        "{} markers of {} {}:{} coordinator-epoch={} version={} to [{}]",
        if markers.committed { "COMMIT" } else { "ABORT" },
        &*markers.transactional_id,
        markers.producer.id,
        markers.producer.epoch,
        markers.coordinator_epoch,
        markers.transaction_version,
        partitions.join(" "),
    )
}

fn shown_record(record: &TransactionRecord) -> String {
    let id = &*record.key.transactional_id;
    match &record.value {
        None => format!("{id} is forgotten"),
        Some(value) => format!("{id} v{} {}", record.version, json(value, record.version)),
    }
}

fn json<M: Message>(message: &M, version: i16) -> String {
    let mut into = JsonWriter::new();
    message.write_json(&mut into, version);
    into.finish()
}
