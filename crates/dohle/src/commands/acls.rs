//! `dohle acls`: who may do what, listed, added and removed. Kafka's `kafka-acls.sh`.

pub(super) mod rule;
mod wanted;

use crate::arguments::flags::{Flag, Flags, Given, optional, switch, value};
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::{BOOTSTRAP, BOOTSTRAP_CONTROLLER, Session};
use dohle_client::Error;
use dohle_protocol::messages::DescribeAclsRequest;
use dohle_protocol::messages::create_acls_request::AclCreation;
use dohle_protocol::messages::delete_acls_request::DeleteAclsFilter;
use rule::{Match, Operation, Pattern, Permission, Resource, Rule};
use std::collections::BTreeSet;
use wanted::{Rules, Unclear};

const HOST: &str = "A host; '*', any, where the principal is given alone.";

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to manage acls on kafka.",
    flags: &[
        Flag { help: "Servers to begin at.", ..BOOTSTRAP },
        BOOTSTRAP_CONTROLLER,
        optional("command-config", "command-config", "A property file for the client."),
        switch("add", "Add rules."),
        switch("remove", "Remove rules."),
        switch("list", "List rules, of the resources named or of all."),
        value("topic", "topic", "A topic; '*' is any."),
        switch("cluster", "The cluster itself."),
        value("group", "group", "A group; '*' is any."),
        value("transactional-id", "transactional-id", "A transactional id; '*' is any."),
        switch("idempotent", "With --producer: idempotence without transactions too."),
        value("delegation-token", "delegation-token", "A delegation token; '*' is any."),
        value("user-principal", "user-principal", "A user as a resource: of whom tokens are."),
        value(
            "resource-pattern-type",
            "ANY|MATCH|LITERAL|PREFIXED",
            "How the names of resources match (default: LITERAL). 'any' and 'match' only to list \
             and remove: 'any' ignores how a rule matches, 'match' finds every rule that is about \
             the name.",
        ),
        value(
            "operation",
            "String",
            "What is allowed or denied: Read, Write, Create, Delete, Alter, Describe, \
             ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite, CreateTokens, \
             DescribeTokens, TwoPhaseCommit, All (default: All)",
        ),
        value("allow-principal", "allow-principal", "Who is allowed, as principalType:name."),
        value("deny-principal", "deny-principal", "Who is denied, whatever else allows it."),
        optional("principal", "principal", "With --list: only the rules of this principal."),
        value("allow-host", "allow-host", HOST),
        value("deny-host", "deny-host", HOST),
        switch("producer", "What a producer to --topic needs."),
        switch("consumer", "What a consumer of --topic in --group needs."),
        switch("force", "Assume Yes to all queries and do not prompt."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let action = check(&given, console)?;
    let done = match action {
        "add" => add(&given, console),
        "remove" => remove(&given, console),
        _ => list(&given, console),
    };
    let told = match done {
        Ok(()) => return Ok(()),
        Err(Stop::Usage(message)) => return Err(FLAGS.wrong(&message, console)),
        Err(Stop::Refused(error)) => exception(&error),
        Err(Stop::Failed(Failure::Message(message))) => message,
        Err(Stop::Failed(failure)) => return Err(failure),
    };
    writeln!(console.out, "Error while executing ACL command: {told}")?;
    Err(Failure::TOLD)
}

/// Why a command ends early.
enum Stop {
    Usage(String),
    Refused(Error),
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Unclear> for Stop {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Usage(message) => Self::Usage(message),
            Unclear::Word(message) => Self::Failed(Failure::new(message)),
        }
    }
}

/// Which action it is, if the flags go together.
fn check(given: &Given, console: &mut Console<'_>) -> Result<&'static str, Failure> {
    let starts = [BOOTSTRAP.name, BOOTSTRAP_CONTROLLER.name];
    let which = if starts.iter().all(|flag| given.has(flag)) { "Only one" } else { "One" };
    let message =
        format!("{which} of --bootstrap-server or --bootstrap-controller must be specified");
    FLAGS.only_one_of(given, &starts, &message, console)?;
    let message = "Command must include exactly one action: --list, --add, --remove. ";
    let action = FLAGS.only_one_of(given, &["add", "remove", "list"], message, console)?;
    let not_listed =
        ["producer", "consumer", "allow-host", "allow-principal", "deny-host", "deny-principal"];
    FLAGS.not_with(given, "list", &not_listed, console)?;
    for role in ["producer", "consumer"] {
        FLAGS.not_with(given, role, &["operation", "deny-principal", "deny-host"], console)?;
    }
    let lone_consumer = given.has("consumer") && !given.has("producer");
    let for_consumer = given.has("topic")
        && given.has("group")
        && !(lone_consumer && (given.has("cluster") || given.has("transactional-id")));
    for (is_wrong, message) in [
        (
            given.has("principal") && action != "list",
            "The --principal option is only available if --list is set",
        ),
        (
            given.has("producer") && !given.has("topic"),
            "With --producer you must specify a --topic",
        ),
        (
            given.has("idempotent") && !given.has("producer"),
            "The --idempotent option is only available if --producer is set",
        ),
        (
            given.has("consumer") && !for_consumer,
            "With --consumer you must specify a --topic and a --group and no --cluster or \
             --transactional-id option should be specified.",
        ),
    ] {
        if is_wrong {
            return Err(FLAGS.wrong(message, console));
        }
    }
    Ok(action)
}

/// Asks for all rules of a pattern; `None`: for all rules.
fn existing(session: &Session, pattern: Option<&Pattern>) -> Result<Rules, Error> {
    let filter = DescribeAclsRequest {
        resource_type_filter: pattern.map_or(Resource::ANY, |one| one.resource).0,
        resource_name_filter: pattern.map(|one| one.name.as_str().into()),
        pattern_type_filter: pattern.map_or(Match::ANY, |one| one.matching).0,
        principal_filter: None,
        host_filter: None,
        operation: Operation::ANY.0,
        permission_type: Permission::ANY.0,
        ..DescribeAclsRequest::default()
    };
    let found = session.admin(|admin| async move { admin.describe_acls(filter).await })?;
    let mut rules = Rules::new();
    for resource in found {
        let pattern = Pattern {
            resource: Resource(resource.resource_type),
            name: resource.resource_name.to_string(),
            matching: Match(resource.pattern_type),
        };
        rules.entry(pattern).or_default().extend(resource.acls.into_iter().map(|one| Rule {
            principal: one.principal.to_string(),
            host: one.host.to_string(),
            operation: Operation(one.operation),
            permission: Permission(one.permission_type),
        }));
    }
    Ok(rules)
}

fn lines<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> String {
    let lines: Vec<_> = rules.into_iter().map(|rule| format!("\t{rule}")).collect();
    lines.join("\n")
}

fn list(given: &Given, console: &mut Console<'_>) -> Result<(), Stop> {
    let patterns = wanted::patterns(given)?;
    let principals = wanted::principals(given, "principal")?;
    let session = Session::of(given)?;
    let mut rules = if patterns.is_empty() { existing(&session, None)? } else { Rules::new() };
    for pattern in &patterns {
        for (pattern, found) in existing(&session, Some(pattern))? {
            rules.entry(pattern).or_default().extend(found);
        }
    }
    console.begin();
    if console.keeps_answer() {
        for (pattern, rules) in &rules {
            let is_wanted =
                |rule: &&Rule| principals.is_empty() || principals.contains(&rule.principal);
            let rules: Vec<_> = rules.iter().filter(is_wanted).collect();
            if !rules.is_empty() {
                console.tell(|| pattern.to_json(&rules));
            }
        }
        return Ok(());
    }
    let mut print = |wanted: Option<&String>| -> Result<(), Stop> {
        if let Some(principal) = wanted {
            writeln!(console.out, "ACLs for principal `{principal}`")?;
        }
        for (pattern, rules) in &rules {
            let is_wanted = |rule: &&Rule| wanted.is_none_or(|name| *name == rule.principal);
            let shown = lines(rules.iter().filter(is_wanted));
            if !shown.is_empty() {
                writeln!(
                    console.out,
                    "Current ACLs for resource `ResourcePattern{pattern}`:\n{shown}\n"
                )?;
            }
        }
        Ok(())
    };
    if principals.is_empty() {
        return print(None);
    }
    principals.iter().try_for_each(|principal| print(Some(principal)))
}

fn add(given: &Given, console: &mut Console<'_>) -> Result<(), Stop> {
    let matching = wanted::matching(given)?;
    if !matching.is_specific() {
        return Err(Stop::Usage(format!(
            "A '--resource-pattern-type' value of '{matching}' is not valid when adding acls."
        )));
    }
    let wanted = wanted::rules(given)?;
    if wanted.values().any(BTreeSet::is_empty) {
        let message = "You must specify one of: --allow-principal, --deny-principal when trying to \
                       add ACLs.";
        return Err(Stop::Usage(message.to_owned()));
    }
    let session = Session::of(given)?;
    for (pattern, rules) in &wanted {
        let there = existing(&session, Some(pattern))?.remove(pattern).unwrap_or_default();
        for rule in rules.intersection(&there) {
            writeln!(
                console.out,
                "Acl (pattern=ResourcePattern{pattern}, entry={rule}) already exists."
            )?;
        }
        let fresh: Vec<&Rule> = rules.difference(&there).collect();
        if fresh.is_empty() {
            continue;
        }
        let shown = lines(fresh.iter().copied());
        writeln!(console.out, "Adding ACLs for resource `ResourcePattern{pattern}`: \n {shown}\n")?;
        let creations = fresh.iter().map(|rule| AclCreation {
            resource_type: pattern.resource.0,
            resource_name: pattern.name.as_str().into(),
            resource_pattern_type: pattern.matching.0,
            principal: rule.principal.as_str().into(),
            host: rule.host.as_str().into(),
            operation: rule.operation.0,
            permission_type: rule.permission.0,
            ..AclCreation::default()
        });
        let creations = creations.collect();
        session.admin(|admin| async move { admin.create_acls(creations).await })?;
    }
    Ok(())
}

fn remove(given: &Given, console: &mut Console<'_>) -> Result<(), Stop> {
    let wanted = wanted::rules(given)?;
    let session = Session::of(given)?;
    for (pattern, rules) in &wanted {
        let question = if rules.is_empty() {
            format!(
                "Are you sure you want to delete all ACLs for resource filter \
                 `ResourcePattern{pattern}`? (y/n)"
            )
        } else {
            format!(
                "Are you sure you want to remove ACLs: \n {}\n from resource filter \
                 `ResourcePattern{pattern}`? (y/n)",
                lines(rules)
            )
        };
        if !given.has("force") && !is_confirmed(&question, console)? {
            continue;
        }
        let filter = DeleteAclsFilter {
            resource_type_filter: pattern.resource.0,
            resource_name_filter: Some(pattern.name.as_str().into()),
            pattern_type_filter: pattern.matching.0,
            principal_filter: None,
            host_filter: None,
            operation: Operation::ANY.0,
            permission_type: Permission::ANY.0,
            ..DeleteAclsFilter::default()
        };
        let mut filters: Vec<_> = rules
            .iter()
            .map(|rule| DeleteAclsFilter {
                principal_filter: Some(rule.principal.as_str().into()),
                host_filter: Some(rule.host.as_str().into()),
                operation: rule.operation.0,
                permission_type: rule.permission.0,
                ..filter.clone()
            })
            .collect();
        if filters.is_empty() {
            filters.push(filter);
        }
        session.admin(|admin| async move { admin.delete_acls(filters).await })?;
    }
    Ok(())
}

/// Asks at the console; an end of input is no consent.
fn is_confirmed(question: &str, console: &mut Console<'_>) -> Result<bool, Failure> {
    console.prepare_to_ask()?;
    writeln!(console.out, "{question}")?;
    console.out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim_end().eq_ignore_ascii_case("y"))
}
