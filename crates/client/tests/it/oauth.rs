//! Tokens from an OAuth endpoint.

use crate::broker::{Broker, Place};
use crate::tls;
use std::time::Duration;

const MODULE: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required";
const GIVEN: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"access\r\n10\r\n_token\":\"a.b.c\"}\r\n0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

fn broker(tokens: Vec<&'static str>) -> Broker {
    Broker {
        mechanisms: vec!["OAUTHBEARER"],
        token: "n,,\x01auth=Bearer a.b.c\x01\x01",
        tokens,
        ..Broker::default()
    }
}

fn place(broker: &Broker, url: &str, options: &str, more: &[(&str, &str)]) -> Place {
    let jaas = format!("{MODULE} {options};");
    let mut settings = vec![
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.login.callback.handler.class", "o.a.k.OAuthBearerLoginCallbackHandler"),
        ("sasl.oauthbearer.token.endpoint.url", url),
        ("sasl.jaas.config", &jaas),
    ];
    settings.extend(more);
    Place::new(broker, &settings)
}

const OPTIONS: &str = "clientId=me clientSecret=\"it is me\" scope=all";

#[test]
fn a_token_lets_in() {
    let broker = broker(vec![GIVEN]);
    let mut place = place(&broker, "http://ENDPOINT/oauth2/token", OPTIONS, &[]);
    place.ask().unwrap();
    let seen = broker.seen.lock().unwrap();
    assert_eq!((seen.logins, seen.too_early), (1, 0));
    let [asked] = seen.asked_for_tokens.as_slice() else { panic!("asked once") };
    assert!(asked.starts_with("POST /oauth2/token HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nAuthorization: Basic bWU6aXQgaXMgbWU=\r\n"), "{asked}");
}

/// Settings count more than options; what is busy is asked again.
#[test]
fn a_busy_endpoint_is_asked_again() {
    let broker = broker(vec![BUSY, BUSY, GIVEN]);
    let more = [
        ("sasl.oauthbearer.client.credentials.client.id", "m e"),
        ("sasl.oauthbearer.client.credentials.client.secret", "s"),
        ("sasl.oauthbearer.header.urlencode", "true"),
    ];
    let mut place = place(&broker, "http://ENDPOINT", OPTIONS, &more);
    let began = place.world.elapsed();
    place.ask().unwrap();
    let took = place.world.elapsed() - began;
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(1), "{took:?}");
    let seen = broker.seen.lock().unwrap();
    assert_eq!(seen.asked_for_tokens.len(), 3);
    assert!(
        seen.asked_for_tokens[2].contains(" Basic bStlOnM=\r\n"),
        "{:?}",
        seen.asked_for_tokens
    );
}

#[test]
fn who_gets_no_token_is_told_why() {
    let refused = "HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}";
    let empty = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    for (tokens, expected, attempts) in [
        (
            vec![refused, GIVEN],
            "the response code 401 and error response {\"invalid_client\" - }",
            1,
        ),
        (vec![empty, GIVEN], "the response did not contain a valid JWT. Response: ({})", 1),
        (vec![BUSY; 40], "the response code 503 and error message {}", 7),
    ] {
        let broker = broker(tokens);
        let mut place = place(&broker, "http://ENDPOINT/", OPTIONS, &[]);
        let began = place.world.elapsed();
        let error = place.ask().unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
        assert!(place.world.elapsed() - began < Duration::from_secs(11));
        let asked = broker.seen.lock().unwrap().asked_for_tokens.len();
        assert!(asked.abs_diff(attempts) <= 1, "{asked} of {attempts}");
    }
}

/// With TLS, whose settings are the login module's.
#[test]
fn an_endpoint_that_is_trusted_or_not() {
    let trust = "ssl.truststore.type=PEM ssl.truststore.location=\"/stores/ca.pem\" \
                 ssl.endpoint.identification.algorithm=\"\"";
    let broker = Broker { tls: tls::broker("broker", false).tls, ..broker(vec![GIVEN; 100]) };
    place(&broker, "https://ENDPOINT/", &format!("{OPTIONS} {trust}"), &[]).ask().unwrap();
    assert_eq!(broker.seen.lock().unwrap().logins, 1);
    // It is somebody else's.
    let trust = trust.replace("ca.pem", "stranger.pem");
    let mut place = place(&broker, "https://ENDPOINT/", &format!("{OPTIONS} {trust}"), &[]);
    let error = place.ask().unwrap_err().to_string();
    assert!(error.contains("signed by nobody who is trusted"), "{error}");
}
