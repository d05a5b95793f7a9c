//! SASL: how a client says who it is, once a connection is there.

mod endpoint;
mod http;
mod jaas;
mod oauthbearer;
mod scram;

use crate::connection::Setup;
use crate::{Error, Properties};
use bytes::Bytes;
use dohle_env::Env;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::{
    SaslAuthenticateRequest, SaslHandshakeRequest, SaslHandshakeResponse,
};
use jaas::Module;
use scram::{Hash, Scram};
use std::time::Duration;

/// Who the client is, and how it shows that.
pub(crate) struct Sasl {
    /// `sasl.mechanism`, by its name.
    mechanism: &'static str,
    login: Login,
}

enum Login {
    Plain { username: String, password: String },
    Scram { hash: Hash, username: String, password: String, is_token: bool },
    Bearer(oauthbearer::Login),
}

/// What a client does after a message of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It sends this.
    Say(Bytes),
    /// It believes the server.
    Done,
}

const MECHANISM: &str = "sasl.mechanism";
const MODULES: &str = "org.apache.kafka.common.security.";

impl Sasl {
    /// What `sasl.mechanism` and `sasl.jaas.config` say.
    ///
    /// # Errors
    /// What Java's client has against them, and mechanisms that this client does not have.
    pub(crate) fn new(properties: &Properties, env: &Env) -> Result<Self, Error> {
        let mechanism = properties.get(MECHANISM).unwrap_or("GSSAPI");
        if mechanism.is_empty() {
            return Err(Error::Usage(format!(
                "Invalid value null for configuration {MECHANISM}: When the security.protocol \
                 configuration enables SASL, mechanism must be non-null and non-empty string."
            )));
        }
        let jaas = properties.get("sasl.jaas.config").ok_or_else(|| {
            Error::Usage(
                "Could not find a 'KafkaClient' entry in the JAAS configuration. System property \
                 'java.security.auth.login.config' is not set"
                    .to_owned(),
            )
        })?;
        let module = Module::parse(jaas)?;
        match module.class.strip_prefix(MODULES) {
            Some(
                "plain.PlainLoginModule"
                | "scram.ScramLoginModule"
                | "oauthbearer.OAuthBearerLoginModule",
            ) => {}
            _ => {
                return Err(Error::Usage(format!(
                    "javax.security.auth.login.LoginException: No LoginModule found for {}",
                    module.class
                )));
            }
        }
        let (mechanism, login) = match mechanism {
            "PLAIN" => {
                let (username, password) = credentials(&module)?;
                ("PLAIN", Login::Plain { username, password })
            }
            "SCRAM-SHA-256" => scram_login(Hash::Sha256, &module)?,
            "SCRAM-SHA-512" => scram_login(Hash::Sha512, &module)?,
            "OAUTHBEARER" => {
                ("OAUTHBEARER", Login::Bearer(oauthbearer::Login::new(&module, properties, env)?))
            }
            other => {
                return Err(Error::Usage(format!(
                    "{MECHANISM}={other}: this client has PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and \
                     OAUTHBEARER"
                )));
            }
        };
        Ok(Self { mechanism, login })
    }

    /// Says who the client is. Answers how long the broker believes it, if not for ever (KIP-368).
    ///
    /// # Errors
    /// What the broker or this client refused, as Java's client says it; those are not retriable.
    pub(crate) async fn authenticate(&self, setup: Setup<'_>) -> Result<Option<Duration>, Error> {
        let version = setup.versions.usable::<SaslHandshakeRequest>(1)?;
        let request = SaslHandshakeRequest { mechanism: self.mechanism.into() };
        self.check_handshake(setup.ask(version, &request).await?)?;
        let version = setup.versions.usable::<SaslAuthenticateRequest>(i16::MAX)?;
        let mut exchange = Exchange::begin(&self.login, &setup).await?;
        let mut challenge = Bytes::new();
        let mut lifetime_ms = 0;
        loop {
            let Step::Say(auth_bytes) = exchange.next(&challenge)? else { break };
            let request =
                SaslAuthenticateRequest { auth_bytes, ..SaslAuthenticateRequest::default() };
            let answer = setup.ask(version, &request).await?;
            Error::check(answer.error_code, answer.error_message)?;
            challenge = answer.auth_bytes;
            lifetime_ms = answer.session_lifetime_ms;
        }
        let lifetime_ms = u64::try_from(lifetime_ms).unwrap_or(0);
        Ok((lifetime_ms > 0).then(|| Duration::from_millis(lifetime_ms)))
    }

    fn check_handshake(&self, answer: SaslHandshakeResponse) -> Result<(), Error> {
        let mechanism = self.mechanism;
        let enabled = format!("enabled mechanisms are [{}]", answer.mechanisms.join(", "));
        let (code, text) = match answer.error_code {
            ErrorCode::NONE => return Ok(()),
            code @ ErrorCode::UNSUPPORTED_SASL_MECHANISM => (
                code,
                format!("Client SASL mechanism '{mechanism}' not enabled in the server, {enabled}"),
            ),
            code @ ErrorCode::ILLEGAL_SASL_STATE => (
                code,
                format!(
                    "Unexpected handshake request with client mechanism {mechanism}, {enabled}"
                ),
            ),
            other => (
                ErrorCode::ILLEGAL_SASL_STATE,
                format!(
                    "Unknown error code {}, client mechanism is {mechanism}, {enabled}",
                    other.name().unwrap_or("UNKNOWN_SERVER_ERROR")
                ),
            ),
        };
        Err(Error::Refused { code, message: Some(text.into()) })
    }
}

fn scram_login(hash: Hash, module: &Module) -> Result<(&'static str, Login), Error> {
    let (username, password) = credentials(module)?;
    let is_token =
        module.options.get("tokenauth").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    Ok((hash.name(), Login::Scram { hash, username, password, is_token }))
}

fn credentials(module: &Module) -> Result<(String, String), Error> {
    let of = |name: &str| {
        module.options.get(name).cloned().ok_or_else(|| {
            Error::Usage(format!("the login module in sasl.jaas.config has no {name}"))
        })
    };
    Ok((of("username")?, of("password")?))
}

/// One exchange of messages.
enum Exchange {
    Plain { said: bool, message: String },
    Scram { scram: Scram },
    Bearer { said: bool, message: String },
}

impl Exchange {
    async fn begin(login: &Login, setup: &Setup<'_>) -> Result<Self, Error> {
        let env = setup.env;
        Ok(match login {
            Login::Plain { username, password } => {
                Self::Plain { said: false, message: format!("\0{username}\0{password}") }
            }
            Login::Scram { hash, username, password, is_token } => {
                let nonce = format!("{:016x}{:016x}", env.random.next_u64(), env.random.next_u64());
                let scram = Scram::new(*hash, (username, password), *is_token, nonce);
                Self::Scram { scram }
            }
            Login::Bearer(login) => {
                let message = login.first_message(env, setup.deadline).await?;
                Self::Bearer { said: false, message }
            }
        })
    }

    fn next(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        match self {
            Self::Plain { said, message } => {
                if std::mem::replace(said, true) {
                    return Ok(Step::Done);
                }
                Ok(Step::Say(message.clone().into()))
            }
            Self::Scram { scram } => scram.next(challenge).map_err(|text| unbelieved(&text)),
            Self::Bearer { said, message } => {
                if !std::mem::replace(said, true) {
                    return Ok(Step::Say(std::mem::take(message).into()));
                }
                if challenge.is_empty() {
                    return Ok(Step::Done);
                }
                // The server told why it refuses, and tells it once more behind this.
                Ok(Step::Say(Bytes::from_static(b"\x01")))
            }
        }
    }
}

/// What the server said makes no sense, in the words of Java's client.
fn unbelieved(text: &str) -> Error {
    let text = format!(
        "An error: (java.util.concurrent.CompletionException: javax.security.sasl.SaslException: \
         {text}) occurred when evaluating SASL token received from the Kafka Broker. Kafka Client \
         will go to AUTHENTICATION_FAILED state."
    );
    Error::Refused { code: ErrorCode::SASL_AUTHENTICATION_FAILED, message: Some(text.into()) }
}

#[cfg(test)]
mod tests {
    use super::{Login, Sasl};
    use crate::Properties;
    use dohle_sim::world::World;

    fn sasl(settings: &[(&str, &str)]) -> Result<Sasl, String> {
        let mut properties = Properties::default();
        for (name, value) in settings {
            properties.set(*name, *value);
        }
        let env = World::new(1).start("client");
        Sasl::new(&properties, &env).map_err(|error| error.to_string())
    }

    const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule required";
    const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule required";

    #[test]
    fn logins() {
        let jaas = format!("{PLAIN} username=\"u\" password=\"p\";");
        let plain = sasl(&[("sasl.mechanism", "PLAIN"), ("sasl.jaas.config", &jaas)]);
        assert!(plain.is_ok_and(|sasl| {
            let Login::Plain { username, password } = &sasl.login else { return false };
            sasl.mechanism == "PLAIN" && (&**username, &**password) == ("u", "p")
        }));
        let jaas = format!("{SCRAM} username=\"u\" password=\"p\" tokenauth=\"true\";");
        let scram = sasl(&[("sasl.mechanism", "SCRAM-SHA-512"), ("sasl.jaas.config", &jaas)]);
        assert!(scram.is_ok_and(|sasl| matches!(sasl.login, Login::Scram { is_token: true, .. })));
    }

    #[test]
    fn complaints() {
        let plain = format!("{PLAIN} username=\"u\" password=\"p\";");
        let nobody = format!("{PLAIN} password=\"p\";");
        for (mechanism, jaas, expected) in [
            ("PLAIN", None, "Could not find a 'KafkaClient' entry in the JAAS configuration."),
            ("", Some(plain.as_str()), "Invalid value null for configuration sasl.mechanism: "),
            ("GSSAPI", Some(&plain), "sasl.mechanism=GSSAPI: this client has PLAIN"),
            ("PLAIN", Some("C required;"), "javax.security.auth.login.LoginException: No Login"),
            ("PLAIN", Some(&nobody), "the login module in sasl.jaas.config has no username"),
        ] {
            let mut settings = vec![("sasl.mechanism", mechanism)];
            settings.extend(jaas.map(|jaas| ("sasl.jaas.config", jaas)));
            let said = sasl(&settings).err().unwrap_or_default();
            assert!(said.starts_with(expected), "{mechanism} {jaas:?}: {said}");
        }
    }
}
