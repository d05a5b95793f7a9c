//! OAUTHBEARER (RFC 7628): a token says who the client is.
//!
//! Tokens come from where Java's login callback handlers have them: made here, unsecured, from the
//! options of the login module (for tests), read from a file that somebody else renews, or asked for
//! at an endpoint.

use super::endpoint::{Endpoint, Url};
use super::jaas::Module;
use crate::{Error, Properties};
use dohle_env::Env;
use dohle_env::clock::Instant;
use dohle_env::disk::read_file;
use dohle_protocol::ids::write_base64;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What ends each part of a message.
const SEPARATOR: char = '\x01';

/// Where tokens come from, and what goes with them.
pub(crate) struct Login {
    source: Source,
    extensions: BTreeMap<String, String>,
}

enum Source {
    /// Made of `unsecuredLogin...` options.
    Unsecured { claims: String, lifetime_seconds: i64 },
    /// `sasl.oauthbearer.token.endpoint.url=file:...`.
    File(PathBuf),
    /// `sasl.oauthbearer.token.endpoint.url=https://...`. Boxed, for it is large.
    Endpoint(Box<Endpoint>),
}

const HANDLER: &str = "sasl.login.callback.handler.class";
const ENDPOINT: &str = "sasl.oauthbearer.token.endpoint.url";

impl Login {
    /// What the settings and the login module's options say.
    ///
    /// # Errors
    /// Options that Java's handler would not take, and handlers that this client does not have.
    pub(crate) fn new(module: &Module, properties: &Properties, env: &Env) -> Result<Self, Error> {
        let handler = properties.get(HANDLER).filter(|class| !class.is_empty());
        let class = handler.map_or("", |class| class.rsplit('.').next().unwrap_or(class));
        let (source, prefix) = match class {
            "" | "OAuthBearerUnsecuredLoginCallbackHandler" => {
                (unsecured(&module.options)?, "unsecuredLoginExtension_")
            }
            "OAuthBearerLoginCallbackHandler" => {
                (of_endpoint(module, properties, env)?, "extension_")
            }
            _ => {
                return Err(Error::Usage(format!(
                    "{HANDLER}={}: this client runs no Java classes; it has \
                     OAuthBearerUnsecuredLoginCallbackHandler and OAuthBearerLoginCallbackHandler",
                    handler.unwrap_or_default()
                )));
            }
        };
        let extensions = module
            .options
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())));
        let extensions: BTreeMap<_, _> = extensions.collect();
        extensions.iter().try_for_each(|(key, value)| check_extension(key, value))?;
        Ok(Self { source, extensions })
    }

    /// The client's first message, with a token as it is now.
    ///
    /// # Errors
    /// A file that cannot be read or holds no token, and an endpoint that gives none until `deadline`.
    pub(crate) async fn first_message(
        &self,
        env: &Env,
        deadline: Instant,
    ) -> Result<String, Error> {
        let token = match &self.source {
            Source::Unsecured { claims, lifetime_seconds } => {
                let now = env.clock.timestamp();
                unsecured_token(claims, *lifetime_seconds, now)
            }
            Source::File(path) => of_file(path, env)?,
            Source::Endpoint(endpoint) => endpoint.token(env, deadline).await?,
        };
        let mut message = format!("n,,{SEPARATOR}auth=Bearer {token}{SEPARATOR}");
        for (key, value) in &self.extensions {
            message.push_str(&format!("{key}={value}{SEPARATOR}"));
        }
        message.push(SEPARATOR);
        Ok(message)
    }
}

fn of_file(path: &Path, env: &Env) -> Result<String, Error> {
    let wrong = |why: String| Error::Usage(format!("{}: {why}", path.display()));
    let content = read_file(&*env.disk, path).map_err(|e| wrong(e.to_string()))?;
    let text = String::from_utf8(content).map_err(|e| wrong(e.to_string()))?;
    let token = text.trim();
    if is_token(token) { Ok(token.to_owned()) } else { Err(wrong("this is no token".to_owned())) }
}

/// Whether it can stand in a message (RFC 6750, section 2.1).
pub(super) fn is_token(text: &str) -> bool {
    let may = |letter: char| letter.is_ascii_alphanumeric() || "-_~+/.=".contains(letter);
    !text.is_empty() && text.chars().all(may)
}

fn of_endpoint(module: &Module, properties: &Properties, env: &Env) -> Result<Source, Error> {
    let url = properties.get(ENDPOINT).unwrap_or_default();
    if let Some(rest) = url.strip_prefix("file:") {
        // `file:/path` and `file:///path` mean the same.
        return Ok(Source::File(PathBuf::from(rest.strip_prefix("//").unwrap_or(rest))));
    }
    let read = Url::read(url).ok_or_else(|| {
        Error::Usage(format!(
            "The OAuth configuration option {ENDPOINT} contains a URL ({url}) that is malformed; \
             only \"http\", \"https\", and \"file\" protocol are supported"
        ))
    })?;
    Ok(Source::Endpoint(Box::new(Endpoint::new(&read, module, properties, env)?)))
}

fn check_extension(key: &str, value: &str) -> Result<(), Error> {
    if key == "auth" || key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(Error::Usage(format!("Extension name {key} is invalid")));
    }
    let is_printable = |byte: u8| matches!(byte, 0x20..=0x7e | b'\t' | b'\r' | b'\n');
    if value.is_empty() || !value.bytes().all(is_printable) {
        return Err(Error::Usage(format!(
            "Extension value ({value}) for extension {key} is invalid"
        )));
    }
    Ok(())
}

/// The claims that options name, as JSON behind `exp` and `iat`, which are set when a token is
/// made.
fn unsecured(options: &BTreeMap<String, String>) -> Result<Source, Error> {
    let wrong = |text: String| Err(Error::Usage(text));
    if options.is_empty() {
        return wrong("No OAuth Bearer tokens in Subject's private credentials".to_owned());
    }
    if options.keys().all(|name| name.starts_with("unsecuredLoginExtension_")) {
        return wrong("Extensions provided in login context without a token".to_owned());
    }
    let mut claims = String::new();
    for (option, value) in options {
        let Some((kind, name)) = option
            .strip_prefix("unsecuredLogin")
            .and_then(|rest| rest.split_once("Claim_"))
            .filter(|(_, name)| !name.is_empty())
        else {
            continue;
        };
        let json = match kind {
            "String" => quoted(value),
            "Number" => match value.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => number.to_string(),
                _ => return wrong(format!("For input string: \"{value}\"")),
            },
            "List" => list(value),
            _ => continue,
        };
        if matches!(name, "iat" | "exp") {
            return wrong(format!("Cannot explicitly set the '{name}' claim"));
        }
        claims.push_str(&format!(",{}:{json}", quoted(name)));
    }
    let principal = options.get("unsecuredLoginPrincipalClaimName").map(|name| name.trim());
    let principal = principal.filter(|name| !name.is_empty()).unwrap_or("sub");
    let named = options.get(&format!("unsecuredLoginStringClaim_{principal}"));
    if named.is_none_or(|value| value.trim().is_empty()) {
        return wrong(format!("No principal name in JWT claim: {principal}"));
    }
    let lifetime = options.get("unsecuredLoginLifetimeSeconds").map_or("3600", String::as_str);
    let lifetime_seconds =
        lifetime.parse().map_err(|_| Error::Usage(format!("For input string: \"{lifetime}\"")))?;
    Ok(Source::Unsecured { claims, lifetime_seconds })
}

fn unsecured_token(claims: &str, lifetime_seconds: i64, now_ms: i64) -> String {
    let (second, millisecond) = (now_ms.div_euclid(1000), now_ms.rem_euclid(1000));
    let expires = second.saturating_add(lifetime_seconds);
    let claims =
        format!("{{\"exp\":{expires}.{millisecond:03},\"iat\":{second}.{millisecond:03}{claims}}}");
    format!("{}.{}.", base64_url(b"{\"alg\":\"none\"}"), base64_url(claims.as_bytes()))
}

fn base64_url(bytes: &[u8]) -> String {
    let mut text = String::new();
    write_base64(bytes, &mut text);
    text.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The first character parts the others.
fn list(value: &str) -> String {
    let mut letters = value.chars();
    let Some(delimiter) = letters.next() else { return "[]".to_owned() };
    if letters.as_str().is_empty() {
        return "[]".to_owned();
    }
    let items: Vec<_> = letters.as_str().split(delimiter).map(quoted).collect();
    format!("[{}]", items.join(","))
}

fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            letter if u32::from(letter) < 0x20 => {
                json.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::{Login, Source, base64_url, unsecured_token};
    use crate::Properties;
    use crate::security::sasl::jaas::Module;
    use dohle_sim::world::World;

    fn login(options: &str) -> Result<Login, String> {
        let module = Module::parse(&format!("C required {options};")).expect("a module");
        let env = World::new(1).start("client");
        Login::new(&module, &Properties::default(), &env).map_err(|error| error.to_string())
    }

    #[test]
    fn claims() {
        let login = login(
            "unsecuredLoginStringClaim_sub=\"a\\\"b\" unsecuredLoginListClaim_scope=\"|x|y\" \
             unsecuredLoginNumberClaim_n=\"1.5\" unsecuredLoginLifetimeSeconds=\"60\" \
             unsecuredLoginExtension_traceId=\"12\"",
        );
        let login = login.expect("a login");
        let Source::Unsecured { claims, lifetime_seconds: 60 } = &login.source else {
            panic!("unsecured, for a minute");
        };
        assert_eq!(claims, ",\"scope\":[\"x\",\"y\"],\"n\":1.5,\"sub\":\"a\\\"b\"");
        assert_eq!(login.extensions.get("traceId").map(String::as_str), Some("12"));
        let token = unsecured_token(",\"sub\":\"u\"", 60, 1_700_000_000_123);
        let json = b"{\"exp\":1700000060.123,\"iat\":1700000000.123,\"sub\":\"u\"}";
        assert_eq!(token, format!("eyJhbGciOiJub25lIn0.{}.", base64_url(json)));
    }

    #[test]
    fn complaints() {
        let sub = "unsecuredLoginStringClaim_sub=\"u\"";
        for (options, expected) in [
            (String::new(), "No OAuth Bearer tokens in Subject's private credentials"),
            (
                "unsecuredLoginExtension_a=\"b\"".to_owned(),
                "Extensions provided in login context without a token",
            ),
            ("a=b".to_owned(), "No principal name in JWT claim: sub"),
            (format!("{sub} unsecuredLoginLifetimeSeconds=\"x\""), "For input string: \"x\""),
            (
                format!("{sub} unsecuredLoginStringClaim_exp=\"x\""),
                "Cannot explicitly set the 'exp' claim",
            ),
            (format!("{sub} unsecuredLoginExtension_auth=\"x\""), "Extension name auth is invalid"),
            (
                format!("{sub} unsecuredLoginExtension_a=\"\""),
                "Extension value () for extension a is invalid",
            ),
        ] {
            assert_eq!(login(&options).err().as_deref(), Some(expected), "{options}");
        }
    }
}
