//! What a client makes of a broker that wants to know who it is.

use crate::broker::{Broker, Place};
use dohle_client::To;
use dohle_env::clock::sleep;
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::DescribeClusterRequest;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn who_is_known_gets_answers() {
    let broker = Broker::plain();
    let mut place = Place::new(&broker, &[]);
    place.ask().unwrap();
    let seen = broker.seen.lock().unwrap();
    assert_eq!((seen.logins, seen.questions, seen.too_early), (1, 1, 0));
}

/// The broker's words come through at once, however closely the end of the connection follows them,
/// and nobody knocks for ever.
#[test]
fn who_is_refused_is_told_why() {
    for seed in 0..50 {
        let broker = Broker { token: "\0u\0other", ..Broker::plain() };
        let mut place = Place::of_seed(seed, &broker, &[]);
        let began = place.world.elapsed();
        let error = place.ask().unwrap_err();
        assert_eq!(error.to_string(), "Authentication failed: who is that?", "seed {seed}");
        assert_eq!(error.code(), Some(ErrorCode::SASL_AUTHENTICATION_FAILED));
        assert!(place.world.elapsed() - began < Duration::from_secs(1));
        assert_eq!(broker.seen.lock().unwrap().connections, 1, "seed {seed}");
    }
}

#[test]
fn a_mechanism_that_the_broker_does_not_have() {
    let broker = Broker { mechanisms: vec!["SCRAM-SHA-256", "OAUTHBEARER"], ..Broker::plain() };
    let error = Place::new(&broker, &[]).ask().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Client SASL mechanism 'PLAIN' not enabled in the server, enabled mechanisms are \
         [SCRAM-SHA-256, OAUTHBEARER]"
    );
}

/// A broker that answers SCRAM's first message as if nothing were to be proved.
#[test]
fn a_broker_that_makes_no_sense() {
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" \
                 password=\"p\";";
    let broker = Broker { mechanisms: vec!["SCRAM-SHA-256"], ..Broker::plain() };
    let settings = [("sasl.mechanism", "SCRAM-SHA-256"), ("sasl.jaas.config", scram)];
    let error = Place::new(&broker, &settings).ask().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::SASL_AUTHENTICATION_FAILED));
}

/// KIP-368: the client says who it is again before its session ends, on the same connection, and
/// what is asked meanwhile waits.
#[test]
fn sessions_are_renewed() {
    let broker = Broker { lifetime: Duration::from_secs(2), ..Broker::plain() };
    let mut place = Place::new(&broker, &[]);
    place.ask().unwrap();
    let answered = Arc::new(AtomicUsize::new(0));
    for number in 0..20 {
        let (client, answered) = (place.client.clone(), answered.clone());
        let env = client.env().clone();
        let asking = async move {
            // One after the other, so that there is always one who asks.
            sleep(&*client.env().clock, Duration::from_micros(1250 * number)).await;
            for _ in 0..400 {
                let asked = client.ask(&To::Any, &DescribeClusterRequest::default()).await;
                answered.fetch_add(usize::from(asked.is_ok()), Ordering::Relaxed);
                sleep(&*client.env().clock, Duration::from_millis(25)).await;
            }
        };
        env.tasks.spawn(Home::Here, Box::pin(asking));
    }
    let all = || answered.load(Ordering::Relaxed) == 20 * 400;
    place.world.run_until(Duration::from_secs(60), all);
    let seen = broker.seen.lock().unwrap();
    assert_eq!((seen.connections, seen.questions, seen.too_early), (1, 20 * 400 + 1, 0));
    assert!((5..=8).contains(&seen.logins), "{}", seen.logins);
}

/// Who is not let in again is told so, and not left to wait.
#[test]
fn a_session_that_is_not_renewed() {
    let lifetime = Duration::from_secs(2);
    let broker = Broker { lifetime, times_max: Some(1), ..Broker::plain() };
    let mut place = Place::new(&broker, &[]);
    place.ask().unwrap();
    place.world.run_for(Duration::from_secs(3));
    assert_eq!(place.ask().unwrap_err().to_string(), "Authentication failed: who is that?");
}

/// A session does not keep a connection that nobody wants.
#[test]
fn a_client_that_goes_takes_its_sessions_along() {
    let broker = Broker { lifetime: Duration::from_secs(2), ..Broker::plain() };
    let Place { mut world, client } = Place::new(&broker, &[]);
    let asked = {
        let client = client.clone();
        async move { client.ask(&To::Any, &DescribeClusterRequest::default()).await }
    };
    world.complete("client", Duration::from_secs(60), asked).unwrap().unwrap();
    drop(client);
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.task_count("client"), 0);
    assert_eq!(broker.seen.lock().unwrap().logins, 1);
}
