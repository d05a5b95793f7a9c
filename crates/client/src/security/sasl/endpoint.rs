//! Tokens of an OAuth endpoint, which the client shows its id and secret (RFC 6749, section 4.4;
//! KIP-768), as Java's `ClientCredentialsJwtRetriever` asks for them.

use super::http::{self, Answer};
use super::jaas::Module;
use crate::security::tls::Tls;
use crate::wait::until;
use crate::{Error, Properties};
use bytes::Bytes;
use dohle_env::Env;
use dohle_env::clock::{Instant, sleep};
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::write_base64;
use std::io;
use std::time::Duration;

/// Where tokens are asked for, and with what.
pub(super) struct Endpoint {
    tls: Option<Tls>,
    host: String,
    port: u16,
    /// All bytes of a request.
    request: Bytes,
    /// How long an attempt may take, if that is limited.
    attempt_max: Option<Duration>,
    /// The first wait behind an attempt that failed.
    backoff: Duration,
    /// How long all attempts may take.
    backoff_max: Duration,
}

const CLIENT_ID: &str = "sasl.oauthbearer.client.credentials.client.id";
const CLIENT_SECRET: &str = "sasl.oauthbearer.client.credentials.client.secret";
const SCOPE: &str = "sasl.oauthbearer.scope";
const URLENCODE: &str = "sasl.oauthbearer.header.urlencode";

/// Whoever says so will say it again.
const FINAL: [u16; 17] =
    [400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 501, 505];

/// How much of an answer without a token is told.
const TOLD_CHARACTERS: usize = 1000;

/// An attempt that gave no token.
enum Failed {
    /// It may go better the next time.
    Once(String),
    ForGood(String),
}

impl Endpoint {
    /// What the settings say, or, where they do not, the login module's options.
    ///
    /// # Errors
    /// What Java's client has against them, and stores for TLS that cannot be read.
    pub(super) fn new(
        url: &Url<'_>,
        module: &Module,
        properties: &Properties,
        env: &Env,
    ) -> Result<Self, Error> {
        let wanted = |name: &str, option: &str| {
            let given = properties.get(name).or_else(|| module.options.get(option).map(|it| &**it));
            given.map(str::trim).filter(|value| !value.is_empty())
        };
        let needed = |name: &str, option: &str| {
            wanted(name, option).ok_or_else(|| {
                Error::Usage(format!("The OAuth configuration option {name} value is required"))
            })
        };
        let is_encoded =
            properties.get(URLENCODE).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let written = |value: &str| if is_encoded { url_encoded(value) } else { value.to_owned() };
        let id = written(needed(CLIENT_ID, "clientId")?);
        let secret = written(needed(CLIENT_SECRET, "clientSecret")?);
        let mut body = "grant_type=client_credentials".to_owned();
        if let Some(scope) = wanted(SCOPE, "scope") {
            body.push_str(&format!("&scope={}", written(scope)));
        }
        let milliseconds = |name: &str| -> Result<Option<Duration>, Error> {
            let Some(value) = properties.get(name) else { return Ok(None) };
            let wrong = |_| Error::Usage(format!("Invalid value {value} for configuration {name}"));
            Ok(Some(Duration::from_millis(value.trim().parse().map_err(wrong)?)))
        };
        let connect = milliseconds("sasl.login.connect.timeout.ms")?;
        let read = milliseconds("sasl.login.read.timeout.ms")?;
        let tls = if url.is_secure { Some(Tls::open(&of_module(module), env)?) } else { None };
        Ok(Self {
            tls,
            host: url.host.to_owned(),
            port: url.port,
            request: request(url, &format!("{id}:{secret}"), &body),
            attempt_max: connect.zip(read).map(|(connect, read)| connect + read),
            backoff: milliseconds("sasl.login.retry.backoff.ms")?
                .unwrap_or(Duration::from_millis(100)),
            backoff_max: milliseconds("sasl.login.retry.backoff.max.ms")?
                .unwrap_or(Duration::from_secs(10)),
        })
    }

    /// A token, asked for again while that may help.
    ///
    /// # Errors
    /// What the first attempt met, final for this login.
    pub(super) async fn token(&self, env: &Env, deadline: Instant) -> Result<String, Error> {
        let clock = &*env.clock;
        let deadline = deadline.min(clock.now() + self.backoff_max);
        let mut wait = self.backoff;
        let mut first = None;
        loop {
            let until_when =
                self.attempt_max.map_or(deadline, |max| deadline.min(clock.now() + max));
            let attempt = until(clock, until_when, self.ask(env)).await;
            let attempt = attempt.unwrap_or_else(|| Err(once("no answer in time")));
            let (text, is_final) = match attempt.and_then(|answer| token_of(&answer)) {
                Ok(token) => return Ok(token),
                Err(Failed::Once(text)) => (text, false),
                Err(Failed::ForGood(text)) => (text, true),
            };
            let told = first.get_or_insert(text);
            let now = clock.now();
            if is_final || now >= deadline {
                let message = format!("no token from {}:{}: {told}", self.host, self.port);
                let code = ErrorCode::SASL_AUTHENTICATION_FAILED;
                return Err(Error::Refused { code, message: Some(message.into()) });
            }
            sleep(clock, wait.min(deadline - now)).await;
            wait = wait.saturating_mul(2);
        }
    }

    async fn ask(&self, env: &Env) -> Result<Answer, Failed> {
        let failed = |error: io::Error| Failed::Once(error.to_string());
        let addresses = env.net.resolve(&self.host, self.port).map_err(failed)?;
        let mut last = once("the host has no address");
        for address in addresses {
            match self.ask_at(env, address).await {
                Ok(answer) => return Ok(answer),
                Err(error) => last = failed(error),
            }
        }
        Err(last)
    }

    async fn ask_at(&self, env: &Env, address: std::net::SocketAddr) -> io::Result<Answer> {
        let mut io = env.net.dial(address)?;
        if let Some(tls) = &self.tls {
            io = tls.wrap(io, self.host.trim_matches(['[', ']']))?;
        }
        http::exchange(&mut *io, &self.request).await
    }
}

fn once(text: &str) -> Failed {
    Failed::Once(text.to_owned())
}

/// The settings of TLS with the endpoint: those that the login module has, as in Java.
fn of_module(module: &Module) -> Properties {
    let mut properties = Properties::default();
    for (name, value) in module.options.iter().filter(|(name, _)| name.starts_with("ssl.")) {
        properties.set(name.as_str(), value.as_str());
    }
    properties
}

fn request(url: &Url<'_>, credentials: &str, body: &str) -> Bytes {
    let mut shown = String::new();
    write_base64(credentials.as_bytes(), &mut shown);
    let Url { target, authority, .. } = url;
    format!(
        "POST {target} HTTP/1.1\r\nHost: {authority}\r\nAccept: application/json\r\nAuthorization: \
         Basic {shown}\r\nCache-Control: no-cache\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into()
}

/// The token in the answer.
fn token_of(answer: &Answer) -> Result<String, Failed> {
    let text = String::from_utf8_lossy(&answer.body);
    if !matches!(answer.status, 200 | 201) {
        let (status, why) = (answer.status, reason(&text));
        return Err(if FINAL.contains(&status) {
            Failed::ForGood(format!("the response code {status} and error response {why}"))
        } else {
            Failed::Once(format!("the response code {status} and error message {why}"))
        });
    }
    if text.is_empty() {
        return Err(once("the response is empty"));
    }
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Failed::ForGood(format!("the response is no JSON: {error}")))?;
    let token = ["access_token", "id_token"].iter().find_map(|name| {
        let token = json.get(name)?.as_str()?.trim();
        (!token.is_empty()).then(|| token.to_owned())
    });
    token.filter(|token| super::oauthbearer::is_token(token)).ok_or_else(|| {
        let told: String = text.chars().take(TOLD_CHARACTERS).collect();
        Failed::ForGood(format!("the response did not contain a valid JWT. Response: ({told})"))
    })
}

/// What an error's body says (RFC 6749, section 5.2, or as Okta has it).
fn reason(text: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let of = |name: &str| json.as_ref().and_then(|json| json.get(name)).map(ToString::to_string);
    for (error, description) in [("error", "error_description"), ("errorCode", "errorSummary")] {
        if let Some(error) = of(error) {
            return format!("{{{error} - {}}}", of(description).unwrap_or_default());
        }
    }
    let told: String = text.trim().chars().take(TOLD_CHARACTERS).collect();
    if json.is_some() { told } else { format!("{{{told}}}") }
}

/// As Java's `URLEncoder` writes it.
fn url_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// An `http` or `https` URL.
pub(super) struct Url<'a> {
    is_secure: bool,
    /// Host and port, as it is written.
    authority: &'a str,
    host: &'a str,
    port: u16,
    /// Path and query.
    target: String,
}

impl<'a> Url<'a> {
    /// Reads it; `None` if it is none, or has what no endpoint needs.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let target = if target.starts_with('/') { target.into() } else { format!("/{target}") };
        let port = if is_secure { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, digits)) if !digits.ends_with(']') => (host, digits.parse().ok()?),
            _ => (authority, port),
        };
        let is_clean =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
        (!host.is_empty() && is_clean(authority) && target.bytes().all(|b| b.is_ascii_graphic()))
            .then_some(Self { is_secure, authority, host, port, target })
    }
}

#[cfg(test)]
mod tests {
    use super::{Url, reason, request, url_encoded};

    #[test]
    fn urls() {
        for (text, host, port, target) in [
            ("https://id.example/oauth2/token", "id.example", 443, "/oauth2/token"),
            ("HTTP://id:8080", "id", 8080, "/"),
            ("http://[::1]:81?a=b#c", "[::1]", 81, "/?a=b"),
            ("http://[::1]/x", "[::1]", 80, "/x"),
        ] {
            let url = Url::read(text).expect(text);
            assert_eq!((url.host, url.port, url.target.as_str()), (host, port, target), "{text}");
        }
        for text in [
            "id/x",
            "ftp://id/x",
            "http://",
            "http://u@id/",
            "http://id:x/",
            "http://id/a b",
            "http://id/\r\n",
        ] {
            assert!(Url::read(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn requests() {
        let url = Url::read("http://id:8080/t").expect("a URL");
        let request = request(&url, "me:secret", "grant_type=client_credentials");
        let text = String::from_utf8(request.to_vec()).expect("text");
        assert!(text.starts_with("POST /t HTTP/1.1\r\nHost: id:8080\r\n"), "{text}");
        assert!(text.contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"), "{text}");
        assert!(text.ends_with(
            "Content-Length: 29\r\nConnection: close\r\n\r\ngrant_type=client_credentials"
        ));
        assert_eq!(url_encoded("a b/ü*"), "a+b%2F%C3%BC*");
    }

    #[test]
    fn reasons() {
        for (text, expected) in [
            (
                "{\"error\":\"invalid_client\",\"error_description\":\"who?\"}",
                "{\"invalid_client\" - \"who?\"}",
            ),
            ("{\"errorCode\":\"E1\"}", "{\"E1\" - }"),
            ("{\"x\":1}", "{\"x\":1}"),
            ("<html>", "{<html>}"),
            ("", "{}"),
        ] {
            assert_eq!(reason(text), expected);
        }
    }
}
