//! TLS in a simulated world: stores of every kind, whom a client believes, and what it says of whom
//! it does not.

use crate::broker::{Broker, Place, STORES, lay_out_stores};
use dohle_client::{ClientConfig, Error, Properties};
use dohle_sim::world::World;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;

/// A broker that shows the certificate of `name`, and wants one of its clients if it `asks`.
pub(crate) fn broker(name: &str, asks: bool) -> Broker {
    let file = |name: &str| std::fs::read(format!("{STORES}/{name}.pem")).unwrap();
    let certificates = |name: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(&file(name)).map(Result::unwrap).collect()
    };
    let key = PrivateKeyDer::from_pem_slice(&file(name)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone());
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = if asks {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates("ca"));
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        config.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        config.with_no_client_auth()
    };
    let config = config.with_single_cert(certificates(name), key).unwrap();
    Broker { tls: Some(Arc::new(config)), ..Broker::default() }
}

const SSL: (&str, &str) = ("security.protocol", "SSL");
const TRUST: [(&str, &str); 3] = [
    SSL,
    ("ssl.truststore.location", "/stores/trust.p12"),
    ("ssl.truststore.password", "changeit"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    TRUST.iter().chain(more).copied().collect()
}

fn refusal(broker: &Broker, settings: &[(&str, &str)]) -> String {
    match Place::new(broker, settings).ask() {
        Err(Error::Tls(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// Whatever pieces the network makes of it.
#[test]
fn a_broker_that_is_believed() {
    for seed in 0..20 {
        let broker = broker("broker", false);
        Place::of_seed(seed, &broker, &TRUST).ask().unwrap();
        let seen = broker.seen.lock().unwrap();
        assert_eq!((seen.connections, seen.questions), (1, 1), "seed {seed}");
    }
}

#[test]
fn truststores_of_every_kind() {
    let text = std::fs::read_to_string(format!("{STORES}/ca.pem")).unwrap();
    let pem = ("ssl.truststore.type", "PEM");
    let location = |path| ("ssl.truststore.location", path);
    for settings in [
        vec![location("/stores/trust.jks")],
        vec![location("/stores/trust.jks"), ("ssl.truststore.password", "changeit")],
        // As Java does, whichever kind is named.
        vec![location("/stores/trust.jks"), ("ssl.truststore.type", "PKCS12")],
        vec![location("/stores/ca.pem"), pem],
        vec![("ssl.truststore.certificates", &text), pem],
        // Without one, the system's.
        vec![],
    ] {
        let broker = broker("broker", false);
        let mut all = settings.clone();
        all.push(SSL);
        if settings.is_empty() {
            let mut world = World::new(1);
            let env = world.start("client");
            let properties = Properties([SSL].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
            let mut config = ClientConfig::new("10.0.0.1:1").unwrap();
            let error = config.apply(&properties, &env).unwrap_err().to_string();
            assert!(error.contains("this system keeps no trusted certificates"), "{error}");
        } else {
            Place::new(&broker, &all).ask().unwrap();
        }
    }
}

#[test]
fn keystores_of_every_kind() {
    let text = std::fs::read_to_string(format!("{STORES}/client.pem")).unwrap();
    let sealed = std::fs::read_to_string(format!("{STORES}/client-sealed.pem")).unwrap();
    let password = ("ssl.keystore.password", "changeit");
    let key_password = ("ssl.key.password", "changeit");
    let pem = ("ssl.keystore.type", "PEM");
    let location = |path| ("ssl.keystore.location", path);
    for settings in [
        vec![location("/stores/client.p12"), password],
        vec![location("/stores/client-openssl.p12"), password],
        vec![location("/stores/client-legacy.p12"), password],
        vec![location("/stores/client-3des.p12"), password],
        vec![location("/stores/client.jks"), password],
        vec![location("/stores/client.jks"), password, key_password],
        vec![location("/stores/client.pem"), pem],
        vec![location("/stores/client-sealed.pem"), pem, key_password],
        vec![location("/stores/client-sealed-3des.pem"), pem, key_password],
        vec![("ssl.keystore.key", &text), ("ssl.keystore.certificate.chain", &text), pem],
        vec![
            ("ssl.keystore.key", &sealed),
            ("ssl.keystore.certificate.chain", &text),
            pem,
            key_password,
        ],
    ] {
        let broker = broker("broker", true);
        let asked = Place::new(&broker, &with(&settings)).ask();
        assert!(asked.is_ok(), "{settings:?}: {asked:?}");
    }
}

#[test]
fn both_versions_and_chosen_suites() {
    for more in [
        ("ssl.enabled.protocols", "TLSv1.2"),
        ("ssl.enabled.protocols", "TLSv1.3"),
        ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
        ("ssl.cipher.suites", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("ssl.endpoint.identification.algorithm", "HTTPS"),
    ] {
        let asked = Place::new(&broker("broker", false), &with(&[more])).ask();
        assert!(asked.is_ok(), "{more:?}: {asked:?}");
    }
}

#[test]
fn brokers_that_are_not_believed() {
    let unchecked = ("ssl.endpoint.identification.algorithm", "");
    let stranger = [
        SSL,
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", "/stores/stranger.pem"),
        unchecked,
    ];
    let text = refusal(&broker("broker", false), &stranger);
    assert!(text.starts_with("SSL handshake failed: the broker's certificate is signed by nobody"));
    let text = refusal(&broker("elsewhere", false), &TRUST);
    assert!(text.contains("not valid for"), "{text}");
    Place::new(&broker("elsewhere", false), &with(&[unchecked])).ask().unwrap();
}

/// What lies in the truststore is believed, whoever signed it, as long as its name is right.
#[test]
fn a_broker_whose_own_certificate_is_trusted() {
    let own =
        [SSL, ("ssl.truststore.type", "PEM"), ("ssl.truststore.location", "/stores/broker.pem")];
    Place::new(&broker("broker", false), &own).ask().unwrap();
    let own = [own[0], own[1], ("ssl.truststore.location", "/stores/elsewhere.pem")];
    let text = refusal(&broker("elsewhere", false), &own);
    assert!(text.contains("not valid for"), "{text}");
}

/// Certificates end by the clock of the world that the client is in.
#[test]
fn a_certificate_that_has_expired() {
    let mut place = Place::new(&broker("broker", false), &TRUST);
    place.world.jump_clock("client", 200 * 365 * 24 * 3600 * 1000);
    let error = place.ask().unwrap_err().to_string();
    assert!(error.contains("certificate expired"), "{error}");
}

#[test]
fn a_client_that_does_not_say_who_it_is() {
    let text = refusal(&broker("broker", true), &TRUST);
    let said = "Failed to process post-handshake messages: Received fatal alert: ";
    assert!(text.starts_with(said), "{text}");
    let older = with(&[("ssl.enabled.protocols", "TLSv1.2")]);
    let text = refusal(&broker("broker", true), &older);
    assert!(text.starts_with("SSL handshake failed: Received fatal alert: "), "{text}");
}

#[test]
fn a_broker_that_speaks_no_tls() {
    let mut place = Place::new(&Broker { tls: None, ..broker("broker", false) }, &TRUST);
    assert!(place.ask().is_err());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn settings_that_are_refused() {
    let mut world = World::new(1);
    let env = world.start("client");
    lay_out_stores(&env);
    let keystore = ("ssl.keystore.location", "/stores/client.p12");
    let jks = ("ssl.keystore.location", "/stores/client.jks");
    let sealed = ("ssl.keystore.location", "/stores/client-sealed.pem");
    let pem = ("ssl.keystore.type", "PEM");
    for (settings, expected) in [
        (
            vec![("ssl.truststore.password", "x")],
            "/stores/trust.p12 of type JKS: keystore password was incorrect",
        ),
        (
            vec![("ssl.truststore.location", "/stores/none")],
            "Failed to load SSL keystore /stores/none of type JKS: there is no such file",
        ),
        (
            vec![
                ("ssl.truststore.location", "/stores/client-openssl.p12"),
                ("ssl.truststore.type", "BKS"),
            ],
            "of type BKS: this client reads JKS, PKCS12 and PEM",
        ),
        (
            vec![("ssl.truststore.location", "/stores/make")],
            "this is no PKCS12 keystore, or a broken one",
        ),
        (
            vec![("ssl.truststore.type", "PEM")],
            "SSL trust store password cannot be specified for PEM format.",
        ),
        (vec![keystore], "SSL key store is specified, but key store password is not specified."),
        (
            vec![("ssl.keystore.password", "x")],
            "SSL key store is not specified, but key store password is specified.",
        ),
        (
            vec![jks, ("ssl.keystore.password", "x")],
            "Keystore was tampered with, or password was incorrect",
        ),
        (
            vec![jks, ("ssl.keystore.password", "changeit"), ("ssl.key.password", "x")],
            "Cannot recover key",
        ),
        (
            vec![("ssl.keystore.key", "x")],
            "SSL private key is specified, but certificate chain is not specified.",
        ),
        (
            vec![("ssl.keystore.certificate.chain", "x")],
            "SSL certificate chain is specified, but private key is not specified",
        ),
        (vec![sealed, pem], "the private key is sealed, and ssl.key.password is not set"),
        (vec![sealed, pem, ("ssl.key.password", "x")], "the password is not the right one"),
        (
            vec![("ssl.protocol", "TLSv9")],
            "java.security.NoSuchAlgorithmException: TLSv9 SSLContext not available",
        ),
        (vec![("ssl.enabled.protocols", "TLSv1.1")], "this client speaks TLSv1.2 and TLSv1.3"),
        (vec![("ssl.cipher.suites", "NONE")], "Unsupported CipherSuite: NONE"),
        (
            vec![("ssl.endpoint.identification.algorithm", "x")],
            "Unknown identification algorithm: x",
        ),
    ] {
        let mut properties = Properties::default();
        for (name, value) in with(&settings) {
            properties.set(name, value);
        }
        let error = ClientConfig::new("10.0.0.1:1").unwrap().apply(&properties, &env);
        let error = error.unwrap_err().to_string();
        assert!(error.ends_with(expected), "{settings:?}: {error}");
    }
}
