//! `dohle delegation-tokens`: tokens that stand in for a user, made, renewed, ended and described.
//! Kafka's `kafka-delegation-tokens.sh`.

use crate::arguments::flags::{Flag, Flags, Given, optional, switch};
use crate::console::{Console, Failure};
use crate::exception::refused;
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use crate::{base64, calendar};
use bytes::Bytes;
use dohle_protocol::messages::create_delegation_token_request::CreatableRenewers;
use dohle_protocol::messages::describe_delegation_token_request::DescribeDelegationTokenOwner;
use dohle_protocol::messages::describe_delegation_token_response::{
    DescribedDelegationToken, DescribedDelegationTokenRenewer,
};
use dohle_protocol::messages::{CreateDelegationTokenRequest, DescribeDelegationTokenRequest};
use serde_json::{Value, json};

const OWNER: &str = "owner-principal";
const RENEWER: &str = "renewer-principal";
const LIFE_TIME: &str = "max-life-time-period";
const RENEW_TIME: &str = "renew-time-period";
const EXPIRY_TIME: &str = "expiry-time-period";
const HMAC: &str = "hmac";

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to create, renew, expire, or describe delegation tokens.",
    flags: &[
        BOOTSTRAP,
        Flag { help: "REQUIRED: a property file for the client: who asks.", ..COMMAND_CONFIG },
        switch("create", "Make a token; --renewer-principal names who may renew it."),
        switch("renew", "Let a token live on, for --renew-time-period."),
        switch("expire", "Let a token end, in --expiry-time-period."),
        switch("describe", "Show tokens: those of --owner-principal, or all that may be seen."),
        optional(OWNER, "String", "Whose tokens, as principalType:name."),
        optional(RENEWER, "String", "Who may renew it, as principalType:name."),
        optional(LIFE_TIME, "Long", "Milliseconds that the token may live; -1: the server's."),
        optional(RENEW_TIME, "Long", "Milliseconds until it ends; -1: the server's."),
        optional(EXPIRY_TIME, "Long", "Milliseconds until it ends; -1: at once."),
        optional(HMAC, "String", "The token's HMAC, in base64."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let action = check(&given, console)?;
    let session = Session::of(&given)?;
    match action {
        "create" => create(&session, &given, console),
        "renew" => renew(&session, &given, console),
        "expire" => expire(&session, &given, console),
        _ => describe(&session, &given, console),
    }
}

/// Which action it is, if the flags go together.
fn check(given: &Given, console: &mut Console<'_>) -> Result<&'static str, Failure> {
    let message =
        "Command must include exactly one action: --create, --renew, --expire or --describe";
    let actions = ["create", "renew", "expire", "describe"];
    let action = FLAGS.only_one_of(given, &actions, message, console)?;
    let required: &[&str] = match action {
        "create" => &[LIFE_TIME],
        "renew" => &[HMAC, RENEW_TIME],
        "expire" => &[HMAC, EXPIRY_TIME],
        _ => &[],
    };
    for flag in [BOOTSTRAP.name, COMMAND_CONFIG.name].iter().chain(required) {
        FLAGS.required(given, flag, console)?;
    }
    let others: &[&str] = match action {
        "create" => &[HMAC, RENEW_TIME, EXPIRY_TIME],
        "renew" => &[RENEWER, LIFE_TIME, EXPIRY_TIME, OWNER],
        "expire" => &["renew", LIFE_TIME, RENEW_TIME, OWNER],
        _ => &[RENEW_TIME, LIFE_TIME, HMAC, EXPIRY_TIME],
    };
    FLAGS.not_with(given, action, others, console)?;
    Ok(action)
}

/// The type and name of each principal that follows a flag.
fn principals<'g>(given: &'g Given, flag: &'g str) -> Result<Vec<(&'g str, &'g str)>, Failure> {
    let principals = given.values(flag).map(str::trim).map(|name| {
        name.split_once(':').ok_or_else(|| {
            Failure::new(format!(
                "expected a string in format principalType:principalName but got {name}"
            ))
        })
    });
    principals.collect()
}

/// `[User:a, User:b]`.
fn listed(principals: &[(&str, &str)]) -> String {
    let names: Vec<_> = principals.iter().map(|(kind, name)| format!("{kind}:{name}")).collect();
    format!("[{}]", names.join(", "))
}

fn create(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let renewers = principals(given, RENEWER)?;
    let max_lifetime_ms: i64 = given.number(LIFE_TIME, -1)?;
    writeln!(
        console.out,
        "Calling create token operation with renewers :{} , max-life-time-period :{max_lifetime_ms}",
        listed(&renewers)
    )?;
    let owners = principals(given, OWNER)?;
    let owner = owners.first();
    let renewers = renewers.iter().map(|(kind, name)| CreatableRenewers {
        principal_type: (*kind).into(),
        principal_name: (*name).into(),
        ..CreatableRenewers::default()
    });
    let request = CreateDelegationTokenRequest {
        owner_principal_type: owner.map(|(kind, _)| (*kind).into()),
        owner_principal_name: owner.map(|(_, name)| (*name).into()),
        renewers: renewers.collect(),
        max_lifetime_ms,
        ..CreateDelegationTokenRequest::default()
    };
    let asked = request.clone();
    let made =
        session.admin(|admin| async move { admin.create_token(&asked).await }).map_err(refused)?;
    writeln!(console.out, "Created delegation token with tokenId : {}", made.token_id)?;
    let renewers = request.renewers.into_iter().map(|one| DescribedDelegationTokenRenewer {
        principal_type: one.principal_type,
        principal_name: one.principal_name,
        ..DescribedDelegationTokenRenewer::default()
    });
    let token = DescribedDelegationToken {
        principal_type: made.principal_type,
        principal_name: made.principal_name,
        token_requester_principal_type: made.token_requester_principal_type,
        token_requester_principal_name: made.token_requester_principal_name,
        issue_timestamp: made.issue_timestamp_ms,
        expiry_timestamp: made.expiry_timestamp_ms,
        max_timestamp: made.max_timestamp_ms,
        token_id: made.token_id,
        hmac: made.hmac,
        renewers: renewers.collect(),
        ..DescribedDelegationToken::default()
    };
    print(&[token], console)
}

/// The HMAC that was given, as bytes.
fn hmac(text: &str) -> Result<Bytes, Failure> {
    let bytes = base64::decode(text)
        .ok_or_else(|| Failure::new(format!("the HMAC {text} is not base64")))?;
    Ok(bytes.into())
}

fn renew(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let text = given.value(HMAC)?.unwrap_or_default();
    let period_ms = given.number(RENEW_TIME, -1)?;
    writeln!(
        console.out,
        "Calling renew token operation with hmac :{text} , renew-time-period :{period_ms}"
    )?;
    let hmac = hmac(text)?;
    let until = session
        .admin(|admin| async move { admin.renew_token(hmac, period_ms).await })
        .map_err(refused)?;
    write!(console.out, "Completed renew operation. New expiry date : {}", date(until))?;
    Ok(())
}

fn expire(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let text = given.value(HMAC)?.unwrap_or_default();
    let period_ms = given.number(EXPIRY_TIME, -1)?;
    writeln!(
        console.out,
        "Calling expire token operation with hmac :{text} , expire-time-period :{period_ms}"
    )?;
    let hmac = hmac(text)?;
    let until = session
        .admin(|admin| async move { admin.expire_token(hmac, period_ms).await })
        .map_err(refused)?;
    write!(console.out, "Completed expire operation. New expiry date : {}", date(until))?;
    Ok(())
}

fn describe(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let owners = principals(given, OWNER)?;
    if owners.is_empty() {
        writeln!(console.out, "Calling describe token operation for current user.")?;
    } else {
        writeln!(console.out, "Calling describe token operation for owners: {}", listed(&owners))?;
    }
    let wanted = owners.iter().map(|(kind, name)| DescribeDelegationTokenOwner {
        principal_type: (*kind).into(),
        principal_name: (*name).into(),
        ..DescribeDelegationTokenOwner::default()
    });
    let request = DescribeDelegationTokenRequest {
        // None named: all that may be seen.
        owners: Some(wanted.collect()).filter(|owners: &Vec<_>| !owners.is_empty()),
        ..DescribeDelegationTokenRequest::default()
    };
    let tokens = session
        .admin(|admin| async move { admin.describe_tokens(&request).await })
        .map_err(refused)?;
    console.begin();
    for token in &tokens {
        console.tell(|| token_json(token));
    }
    if console.keeps_answer() {
        return Ok(());
    }
    write!(console.out, "Total number of tokens : {}", tokens.len())?;
    print(&tokens, console)
}

fn token_json(token: &DescribedDelegationToken) -> Value {
    let principal = |kind: &str, name: &str| format!("{kind}:{name}");
    let renewers =
        token.renewers.iter().map(|one| principal(&one.principal_type, &one.principal_name));
    json!({
        "tokenId": token.token_id.as_str(),
        "hmac": base64::encode(&token.hmac),
        "owner": principal(&token.principal_type, &token.principal_name),
        "requester": principal(
            &token.token_requester_principal_type,
            &token.token_requester_principal_name,
        ),
        "renewers": renewers.collect::<Vec<_>>(),
        "issueTimestamp": token.issue_timestamp,
        "expiryTimestamp": token.expiry_timestamp,
        "maxTimestamp": token.max_timestamp,
    })
}

fn print(tokens: &[DescribedDelegationToken], console: &mut Console<'_>) -> Result<(), Failure> {
    writeln!(
        console.out,
        "\n{:15} {:30} {:15} {:15} {:25} {:15} {:15} {:15}",
        "TOKENID", "HMAC", "OWNER", "REQUESTER", "RENEWERS", "ISSUEDATE", "EXPIRYDATE", "MAXDATE"
    )?;
    for token in tokens {
        let owner = format!("{}:{}", token.principal_type, token.principal_name);
        let requester = format!(
            "{}:{}",
            token.token_requester_principal_type, token.token_requester_principal_name
        );
        let renewers: Vec<_> = token
            .renewers
            .iter()
            .map(|one| (one.principal_type.as_str(), one.principal_name.as_str()))
            .collect();
        writeln!(
            console.out,
            "\n{:15} {:30} {owner:15} {requester:15} {:25} {:15} {:15} {:15}",
            token.token_id.as_str(),
            base64::encode(&token.hmac),
            listed(&renewers),
            date(token.issue_timestamp),
            date(token.expiry_timestamp),
            date(token.max_timestamp),
        )?;
    }
    Ok(())
}

/// `yyyy-MM-ddTHH:mm`, in UTC.
fn date(timestamp_ms: i64) -> String {
    let whole = calendar::utc(timestamp_ms);
    whole.chars().take("yyyy-MM-dd HH:mm".len()).collect::<String>().replace(' ', "T")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, expected) in [
            ("--create", "Missing required argument \"[max-life-time-period]\""),
            ("--renew --hmac x", "Missing required argument \"[renew-time-period]\""),
            ("--describe --hmac x", "Option \"[describe]\" can't be used with option \"[hmac]\""),
            ("--describe --create", "Command must include exactly one action"),
            ("--expire --hmac x --expiry-time-period -1", ""),
        ] {
            let line = format!("--bootstrap-server s:1 --command-config f {line}");
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut console = Console::new(&mut out, &mut err);
            let given = FLAGS.parse(&words, &mut console).unwrap().unwrap();
            let checked = check(&given, &mut console);
            let said = String::from_utf8(err).unwrap();
            assert_eq!(checked.is_ok(), expected.is_empty(), "{line}: {said}");
            assert!(said.starts_with(expected), "{line}: {said}");
        }
    }

    #[test]
    fn a_table() {
        let token = DescribedDelegationToken {
            principal_type: "User".into(),
            principal_name: "a".into(),
            token_requester_principal_type: "User".into(),
            token_requester_principal_name: "b".into(),
            issue_timestamp: 60_000,
            token_id: "id".into(),
            hmac: Bytes::from_static(b"test"),
            ..DescribedDelegationToken::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        print(std::slice::from_ref(&token), &mut Console::new(&mut out, &mut err)).unwrap();
        let expected = json!({
            "tokenId": "id",
            "hmac": "dGVzdA==",
            "owner": "User:a",
            "requester": "User:b",
            "renewers": [],
            "issueTimestamp": 60_000,
            "expiryTimestamp": 0,
            "maxTimestamp": 0,
        });
        assert_eq!(token_json(&token), expected);
        let text = String::from_utf8(out).unwrap();
        let row: Vec<_> = text.lines().nth(3).unwrap().split_whitespace().collect();
        let date = "1970-01-01T00:00";
        assert_eq!(
            row,
            ["id", "dGVzdA==", "User:a", "User:b", "[]", "1970-01-01T00:01", date, date]
        );
    }
}
