//! What it costs to share partitions out: by a leader in the classic protocol, by the coordinator in the
//! consumer protocol.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use dohle_client::group::{Member, Strategy, Subscription, TopicPartitions};
use dohle_coordinator::assign::{Assignor, Partitions, Subscriber};
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Members, and partitions in ten topics.
const SIZES: [(usize, usize); 2] = [(100, 1_000), (1_000, 10_000)];
const TOPICS: usize = 10;

fn classic(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classic");
    group.sample_size(10);
    for (members, partitions) in SIZES {
        let names: Vec<Text> =
            (0..TOPICS).map(|at| format!("topic-{at}").as_str().into()).collect();
        let count = i32::try_from(partitions / TOPICS).expect("a few");
        let topics: BTreeMap<Text, TopicPartitions> = names
            .iter()
            .map(|name| (name.clone(), TopicPartitions { count, racks: Vec::new() }))
            .collect();
        for strategy in
            [Strategy::Range, Strategy::RoundRobin, Strategy::Sticky, Strategy::CooperativeSticky]
        {
            let nobody: BTreeMap<Text, Member> = (0..members)
                .map(|at| {
                    let subscription =
                        Subscription { topics: names.clone(), ..Subscription::default() };
                    (
                        format!("member-{at:05}").as_str().into(),
                        Member { instance_id: None, subscription },
                    )
                })
                .collect();
            // One has left, the others want to keep what they have.
            let mut settled = nobody.clone();
            for (id, held) in strategy.assign(&nobody, &topics) {
                if let Some(member) = settled.get_mut(&id) {
                    member.subscription.user_data = strategy.user_data(&held, 1);
                    (member.subscription.owned, member.subscription.generation) = (held, 1);
                }
            }
            settled.pop_first();
            let id = |when| {
                BenchmarkId::new(strategy.name(), format!("{members} of {partitions}, {when}"))
            };
            group.bench_function(id("first"), |bencher| {
                bencher.iter(|| strategy.assign(&nobody, &topics));
            });
            group.bench_function(id("one left"), |bencher| {
                bencher.iter(|| strategy.assign(&settled, &topics));
            });
        }
    }
}

fn server(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("consumer");
    group.sample_size(10);
    for (members, partitions) in SIZES {
        let topics: Arc<[Uuid]> = (1..=TOPICS).map(|at| Uuid::from_u128(at as u128)).collect();
        let counts: BTreeMap<Uuid, usize> =
            topics.iter().map(|topic| (*topic, partitions / TOPICS)).collect();
        let ids: Vec<Text> =
            (0..members).map(|at| format!("member-{at:05}").as_str().into()).collect();
        let nothing = vec![Partitions::new(); members];
        for assignor in [Assignor::Uniform, Assignor::Range] {
            let first = subscribers(&ids, &topics, &nothing);
            let held = assignor.assign(&first, &counts);
            let left = subscribers(&ids, &topics, &held)[1..].to_vec();
            let id = |when| {
                BenchmarkId::new(assignor.name(), format!("{members} of {partitions}, {when}"))
            };
            group.bench_function(id("first"), |bencher| {
                bencher.iter(|| assignor.assign(&first, &counts));
            });
            group.bench_function(id("one left"), |bencher| {
                bencher.iter(|| assignor.assign(&left, &counts));
            });
        }
    }
}

fn subscribers<'a>(
    ids: &'a [Text],
    topics: &Arc<[Uuid]>,
    current: &'a [Partitions],
) -> Vec<Subscriber<'a>> {
    let all = ids.iter().zip(current);
    all.map(|(id, current)| Subscriber { id, instance_id: None, topics: topics.clone(), current })
        .collect()
}

criterion_group!(assignors, classic, server);
criterion_main!(assignors);
