//! The table of keys against Kafka's, column by column.

use dohle_metadata::config::check::Check;
use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{Default, Importance, Key, Layers, Scope, State, Update, describe};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn every_key_is_declared_as_kafka_declares_it() {
    let text = super::shared::text("facts/configs.tsv");
    let mut count = 0;
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [scope, name, kind, default, valid, importance, update, visibility, synonyms, _] =
            columns[..]
        else {
            panic!("a row of ten columns: {line}");
        };
        let scope = scope_of(scope);
        let key = scope.key(name).unwrap_or_else(|| panic!("{name} is not declared"));
        assert_eq!(key.kind.name(), kind, "{name}");
        assert_eq!(default_of(key), without_words(name, default), "{name}");
        assert_eq!(valid_of(key), plain_valid(valid), "{name}");
        assert_eq!(importance_of(key), importance, "{name}");
        assert_eq!(update_of(key), update.split(' ').next().unwrap(), "{name}");
        assert_eq!(if key.internal { "internal" } else { "" }, visibility, "{name}");
        let own: Vec<&str> = key.synonyms.iter().map(|synonym| synonym.name).collect();
        if scope == Scope::Group {
            // Kafka keeps these in code, not in the table: the broker's key of the same name.
            let same = format!("group.{name}");
            assert!(own.is_empty() || own == [same], "{name}");
        } else {
            assert_eq!(own.join(","), synonyms, "{name}");
        }
        assert!(key.doc.ends_with('.'), "{name} has no documentation");
        if default_of(key) != "NO_DEFAULT" && !matches!(key.default, Default::Null) {
            let shown = key.default_value().shown().unwrap_or_else(|| panic!("{name}"));
            key.parse(&shown).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        count += 1;
    }
    let declared: usize = Scope::ALL.iter().map(|scope| scope.keys().count()).sum();
    println!("config keys equal to Kafka's in every column: {count}");
    assert_eq!(declared, count, "keys that Kafka does not know");
}

/// Keys that every node of a test is given, whatever else it is told.
const GIVEN: [&str; 2] = ["node.id", "controller.listener.names"];

/// A key that has its effect names the test that shows it, there is such a test, and the tests of its
/// crate name the key.
#[test]
fn keys_with_an_effect_name_a_test_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut named, mut owed, mut said) = (0, Vec::new(), BTreeMap::new());
    for key in Scope::ALL.iter().flat_map(|scope| scope.keys()) {
        if key.shown_by.is_empty() {
            owed.extend((key.state == State::Effective).then_some(key.name));
            continue;
        }
        assert_eq!(key.state, State::Effective, "{} has a test and no effect", key.name);
        let (file, test) = key.shown_by.split_once(':').expect("file:test");
        let text =
            std::fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert!(has_test(&text, test), "{}: {file} has no test {test}", key.name);
        let folder = file.split('/').take(2).collect::<PathBuf>();
        let texts = said.entry(folder.clone()).or_insert_with(|| tests_in(&root.join(folder)));
        let is_set = [&text, texts].iter().any(|said| said.contains(key.name));
        let is_set = is_set || GIVEN.contains(&key.name);
        assert!(is_set, "{}: no test of {file} sets it", key.name);
        named += 1;
    }
    println!("keys with an effect, each with a test of it: {named}");
    assert!(owed.is_empty(), "no test shows the effect of {owed:?}");
}

/// All that the tests of a crate and its transcripts say; not the golden descriptions, which name every
/// key.
fn tests_in(folder: &Path) -> String {
    let mut text = String::new();
    let mut open = vec![folder.join("tests"), folder.join("testdata")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder").filter_map(Result::ok);
            open.extend(entries.map(|entry| entry.path()).filter(|it| !it.ends_with("describe")));
        } else if let Ok(more) = std::fs::read_to_string(&path) {
            text.push_str(&more);
        }
    }
    text
}

/// Whether there is a test of that name: `#[test]`, perhaps other attributes, the function.
fn has_test(text: &str, name: &str) -> bool {
    let start = format!("fn {name}(");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_test = |index: usize| {
        let above = lines[..index].iter().rev().take_while(|line| line.starts_with("#["));
        lines[index].starts_with(&start) && above.into_iter().any(|line| *line == "#[test]")
    };
    (0..lines.len()).any(is_test)
}

#[test]
fn tests_are_found_by_their_names() {
    for (text, expected) in [
        ("#[test]\nfn a() {", true),
        ("    #[test]\n    #[expect(b)]\n    fn a() {", true),
        ("#[expect(b)]\n#[test]\nfn a(", true),
        ("fn a() {", false),
        ("#[test]\nfn b() {}\nfn a() {", false),
        ("#[test]\nfn ab() {", false),
        ("// #[test]\nfn a() {", false),
        ("#[cfg(test)]\nfn a() {", false),
    ] {
        assert_eq!(has_test(text, "a"), expected, "{text}");
    }
}

fn scope_of(text: &str) -> Scope {
    match text.split(' ').next() {
        Some("topic") => Scope::Topic,
        Some("group") => Scope::Group,
        Some("client-metrics") => Scope::ClientMetrics,
        Some("client-quota") => Scope::ClientQuota,
        _ if text.starts_with("broker (") => Scope::RemoteMetadata,
        _ => Scope::Broker,
    }
}

fn default_of(key: &Key) -> &'static str {
    match key.default {
        Default::Required => "NO_DEFAULT",
        Default::Null => "null",
        Default::Text(text) => text,
    }
}

/// The table's defaults have words beside some values.
fn without_words<'a>(name: &str, default: &'a str) -> &'a str {
    match (name, default) {
        (_, "(empty)") => "",
        (_, "NO_DEFAULT(required)") => "NO_DEFAULT",
        (_, "0 (none)") => "0",
        (_, "(JVM: SunX509)") => "SunX509",
        (_, "(JVM: PKIX)") => "PKIX",
        ("metric.reporters", _) => "org.apache.kafka.common.metrics.JmxReporter",
        ("principal.builder.class", _) => {
            "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"
        }
        // In the order of a hash map, as Kafka serves it.
        ("listener.security.protocol.map", _) => {
            "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"
        }
        ("ssl.client.auth", _) => "none",
        ("group.consumer.migration.policy", _) => "bidirectional",
        _ => default.split(" (+").next().unwrap_or(default),
    }
}

/// The table's checks are pieces of Java; this is what they come to.
fn plain_valid(valid: &str) -> String {
    let plain = valid
        .replace("ValidString.in", "in")
        .replace("Range.", "")
        .replace("new ", "")
        .replace(['"', ' '], "");
    match plain.as_str() {
        "atLeast(DEFAULT_LOG_LOCAL_RETENTION_MS)"
        | "atLeast(DEFAULT_LOG_LOCAL_RETENTION_BYTES)" => "atLeast(-2)".to_owned(),
        "atLeast(MAX_LOG_REMOTE_COPY_LAG_MS)" | "atLeast(MAX_LOG_REMOTE_COPY_LAG_BYTES)" => {
            "atLeast(-2)".to_owned()
        }
        "atLeast(1024*1024)" => "atLeast(1048576)".to_owned(),
        "atLeast(8*1024*1024)" => "atLeast(8388608)".to_owned(),
        "atLeast(512*1024)" => "atLeast(524288)".to_owned(),
        "atLeast(10*1000)" => "atLeast(10000)".to_owned(),
        "atLeast(0L)" => "atLeast(0)".to_owned(),
        "in(CLEANUP_POLICY_COMPACT,CLEANUP_POLICY_DELETE)" => {
            "list(true,compact,delete)".to_owned()
        }
        "in(false,broker,controller)" => "list(false,broker,controller)".to_owned(),
        "in(false,Group.GroupType.documentValidValues())" => {
            "list(false,consumer,classic,share,streams)".to_owned()
        }
        "in(Utils.enumOptions(SecurityProtocol.class))" => {
            "in(PLAINTEXT,SSL,SASL_PLAINTEXT,SASL_SSL)".to_owned()
        }
        "in(Utils.enumOptions(SslClientAuth.class))" => "in(required,requested,none)".to_owned(),
        "CaseInsensitivein(Utils.enumOptions(ConsumerGroupMigrationPolicy.class))" => {
            "CaseInsensitivein(DISABLED,DOWNGRADE,UPGRADE,BIDIRECTIONAL)".to_owned()
        }
        "read_committed|read_uncommitted" => "in(read_committed,read_uncommitted)".to_owned(),
        other => other.to_owned(),
    }
}

fn valid_of(key: &Key) -> String {
    let these = |of: &[&str]| of.join(",");
    match key.check {
        Check::Any => String::new(),
        Check::AtLeast(least) => format!("atLeast({least})"),
        // The levels are written as a bare range.
        Check::Between(least, most) if key.name.ends_with(".level") => format!("{least}..{most}"),
        Check::Between(least, most) => format!("between({least},{most})"),
        Check::BetweenReals(least, most) => format!("between({least},{most})"),
        Check::GzipLevel => "1..9or-1".to_owned(),
        Check::OneOf(of) => format!("in({})", these(of)),
        Check::OneOfAnyCase(of) => format!("CaseInsensitivein({})", these(of)),
        Check::List { empty, null, of: [] } => format!("anyNonDuplicateValues({empty},{null})"),
        Check::List { empty, of, .. } => format!("list({empty},{})", these(of)),
        Check::NotNull => "NonNullValidator()".to_owned(),
        Check::NotEmpty => "NonEmptyString()".to_owned(),
        Check::ThrottledReplicas => "ThrottledReplicaListValidator.INSTANCE".to_owned(),
        Check::QuorumVoters => "ControllerQuorumVotersValidator()".to_owned(),
        Check::BootstrapServers => "ControllerQuorumBootstrapServersValidator()".to_owned(),
        Check::ShareOffsetReset => "latest|earliest|by_duration:PnDTnHnMnS".to_owned(),
    }
}

fn importance_of(key: &Key) -> &'static str {
    match key.importance {
        Importance::High => "HIGH",
        Importance::Medium => "MEDIUM",
        Importance::Low => "LOW",
    }
}

fn update_of(key: &Key) -> &'static str {
    match key.update {
        Update::ReadOnly => "read-only",
        Update::PerBroker => "per-broker",
        Update::ClusterWide => "cluster-wide",
        Update::Dynamic => "dynamic",
    }
}

/// Of the table's rows only those of type PASSWORD are hidden, whichever layer set them.
#[test]
fn only_passwords_are_hidden() {
    let text = super::shared::text("facts/configs.tsv");
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let (mut hidden, mut shown) = (0, 0);
    for row in rows.filter(|row| scope_of(row[0]) == Scope::Broker) {
        let name = row[1];
        let key = Scope::Broker.key(name).expect(name);
        let value = key.default_value().shown().unwrap_or_else(|| "7".to_owned());
        let (set, nothing) = (Configs::unit(name.to_owned(), value), Configs::new());
        for layers in [
            Layers { broker: &set, cluster: &nothing, file: &nothing },
            Layers { broker: &nothing, cluster: &set, file: &nothing },
            Layers { broker: &nothing, cluster: &nothing, file: &set },
        ] {
            let rows = describe::broker(layers);
            let row_of = rows.iter().find(|described| described.name == name).expect(name);
            assert_eq!(row_of.is_sensitive, row[2] == "PASSWORD", "{name}");
            let values = row_of.synonyms.iter().map(|synonym| &synonym.value);
            let is_shown = values.chain([&row_of.value]).any(Option::is_some);
            assert_eq!(is_shown, row[2] != "PASSWORD", "{name}");
        }
        if row[2] == "PASSWORD" { hidden += 1 } else { shown += 1 }
    }
    println!("keys of brokers: {hidden} hidden, {shown} shown");
    assert!(hidden > 0 && shown > 0);
}
