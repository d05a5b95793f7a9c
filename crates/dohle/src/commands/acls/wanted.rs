//! What a command line says about access rules: which resources, and which rules for each.

use super::rule::{Match, Operation, Pattern, Permission, Resource, Rule};
use crate::arguments::flags::Given;
use crate::console::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// Why a command line's rules cannot be made out.
#[derive(Debug)]
pub(super) enum Unclear {
    /// The words do not go together: said with the usage.
    Usage(String),
    /// A word is wrong by itself.
    Word(String),
}

impl From<Failure> for Unclear {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Message(message) | Failure::Misuse(message) => Self::Word(message),
            Failure::Exit(_) | Failure::Output(_) => Self::Word(String::new()),
        }
    }
}

/// Rules by what they are about.
pub(super) type Rules = BTreeMap<Pattern, BTreeSet<Rule>>;

/// How names match.
pub(super) fn matching(given: &Given) -> Result<Match, Failure> {
    let Some(name) = given.value("resource-pattern-type")? else { return Ok(Match::LITERAL) };
    Match::named(name).ok_or_else(|| {
        Failure::new(format!("Cannot parse argument '{name}' of option resource-pattern-type"))
    })
}

/// The resources that are named.
pub(super) fn patterns(given: &Given) -> Result<BTreeSet<Pattern>, Failure> {
    let matching = matching(given)?;
    let mut patterns = BTreeSet::new();
    for (flag, resource) in [
        ("topic", Resource::TOPIC),
        ("group", Resource::GROUP),
        ("transactional-id", Resource::TRANSACTIONAL_ID),
        ("delegation-token", Resource::DELEGATION_TOKEN),
        ("user-principal", Resource::USER),
    ] {
        patterns.extend(given.values(flag).map(|name| {
            // A transactional id is taken as it is typed.
            let name = if flag == "transactional-id" { name } else { name.trim() };
            Pattern { resource, name: name.to_owned(), matching }
        }));
    }
    if matching == Match::LITERAL && (given.has("cluster") || given.has("idempotent")) {
        patterns.insert(Pattern::cluster());
    }
    Ok(patterns)
}

/// The principals that follow a flag.
pub(super) fn principals(given: &Given, flag: &str) -> Result<BTreeSet<String>, Failure> {
    let named = given.values(flag).map(str::trim).map(|name| match name.split_once(':') {
        Some(_) => Ok(name.to_owned()),
        None => Err(Failure::new(format!(
            "expected a string in format principalType:principalName but got {name}"
        ))),
    });
    named.collect()
}

/// The rules that are named, by resource; a resource without rules has an empty set.
pub(super) fn rules(given: &Given) -> Result<Rules, Unclear> {
    let of = |operations: &[Operation]| rules_for(given, operations);
    let patterns = patterns(given)?;
    if patterns.is_empty() {
        return Err(Unclear::Usage(
            "You must provide at least one resource: --topic <topic> or --cluster or --group \
             <group> or --delegation-token <Delegation Token ID>"
                .to_owned(),
        ));
    }
    let kind = |kind: Resource| patterns.iter().filter(move |one| one.resource == kind).cloned();
    let mut rules = Rules::new();
    let is_producer = given.has("producer");
    let is_consumer = given.has("consumer");
    if !is_producer && !is_consumer {
        let mut operations: Vec<_> =
            given.values("operation").map(|name| Operation::named(name.trim())).collect();
        if operations.is_empty() {
            operations.push(Operation::ALL);
        }
        let own = of(&operations)?;
        rules.extend(patterns.iter().map(|pattern| (pattern.clone(), own.clone())));
    }
    if is_producer {
        let own = of(&[Operation::WRITE, Operation::DESCRIBE, Operation::CREATE])?;
        rules.extend(kind(Resource::TOPIC).map(|pattern| (pattern, own.clone())));
        let own = of(&[Operation::WRITE, Operation::DESCRIBE])?;
        rules.extend(kind(Resource::TRANSACTIONAL_ID).map(|pattern| (pattern, own.clone())));
        if given.has("idempotent") {
            rules.insert(Pattern::cluster(), of(&[Operation::IDEMPOTENT_WRITE])?);
        }
    }
    if is_consumer {
        let of_topics = of(&[Operation::READ, Operation::DESCRIBE])?;
        let of_groups = of(&[Operation::READ])?;
        for (resource, own) in [(Resource::TOPIC, of_topics), (Resource::GROUP, of_groups)] {
            for pattern in kind(resource) {
                rules.entry(pattern).or_default().extend(own.iter().cloned());
            }
        }
    }
    check_operations(&rules)?;
    Ok(rules)
}

fn check_operations(rules: &Rules) -> Result<(), Unclear> {
    for (pattern, rules) in rules {
        let valid: Vec<_> = pattern.resource.operations().collect();
        if rules.iter().any(|rule| !valid.contains(&rule.operation)) {
            let names: Vec<_> = valid.iter().map(ToString::to_string).collect();
            let names = names.join(", ");
            return Err(Unclear::Usage(format!(
                "ResourceType {} only supports operations [{names}]",
                pattern.resource
            )));
        }
    }
    Ok(())
}

/// Every principal with every operation from every host.
fn rules_for(given: &Given, operations: &[Operation]) -> Result<BTreeSet<Rule>, Failure> {
    let mut rules = BTreeSet::new();
    for (principals_flag, hosts_flag, permission) in [
        ("allow-principal", "allow-host", Permission::ALLOW),
        ("deny-principal", "deny-host", Permission::DENY),
    ] {
        let mut hosts: BTreeSet<_> = given.values(hosts_flag).map(str::trim).collect();
        if hosts.is_empty() {
            hosts.insert("*");
        }
        for principal in principals(given, principals_flag)? {
            for operation in operations {
                rules.extend(hosts.iter().map(|host| Rule {
                    principal: principal.clone(),
                    host: (*host).to_owned(),
                    operation: *operation,
                    permission,
                }));
            }
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::{Unclear, rules};
    use crate::arguments::flags::Given;
    use crate::console::Console;

    fn given(words: &str) -> Given {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        super::super::FLAGS.parse(&words, &mut console).unwrap().unwrap()
    }

    #[track_caller]
    fn check(words: &str, expected: &[&str]) {
        let rules = rules(&given(words)).unwrap();
        let told: Vec<_> = rules
            .iter()
            .flat_map(|(pattern, rules)| {
                rules.iter().map(move |rule| {
                    format!("{} {} {}", pattern.resource, pattern.name, rule.operation)
                })
            })
            .collect();
        assert_eq!(told, expected, "{words}");
    }

    #[test]
    fn what_a_producer_and_a_consumer_need() {
        check("--topic t --allow-principal U:a", &["TOPIC t ALL"]);
        check("--topic t", &[]);
        check(
            "--producer --topic t --transactional-id x --idempotent --allow-principal U:a",
            &[
                "TOPIC t WRITE",
                "TOPIC t CREATE",
                "TOPIC t DESCRIBE",
                "CLUSTER kafka-cluster IDEMPOTENT_WRITE",
                "TRANSACTIONAL_ID x WRITE",
                "TRANSACTIONAL_ID x DESCRIBE",
            ],
        );
        check(
            "--producer --consumer --topic t --group g --allow-principal U:a",
            &[
                "TOPIC t READ",
                "TOPIC t WRITE",
                "TOPIC t CREATE",
                "TOPIC t DESCRIBE",
                "GROUP g READ",
            ],
        );
    }

    #[test]
    fn what_is_unclear() {
        for (words, expected) in [
            ("--allow-principal U:a", "at least one resource"),
            ("--topic t --allow-principal U:a --operation x", "ResourceType TOPIC only supports"),
            ("--cluster --allow-principal U:a --operation Read", "ResourceType CLUSTER only"),
        ] {
            let Err(Unclear::Usage(message)) = rules(&given(words)) else { panic!("{words}") };
            assert!(message.contains(expected), "{message}");
        }
        let Err(Unclear::Word(message)) = rules(&given("--topic t --allow-principal a")) else {
            panic!("a principal without a type")
        };
        assert!(message.ends_with("principalType:principalName but got a"), "{message}");
    }
}
