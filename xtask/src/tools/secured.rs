//! A server that wants to know who its clients are: listeners for SASL and TLS, and the keystores of both sides.
//!
//! A script asks for it with `! SECURED`. Its commands then know `@SASL`, `@SSL`, `@SASL_SSL` and `@MUTUAL` (the
//! addresses of listeners; the last wants certificates of its clients) and `@STORES`, the folder with
//!
//! ```text
//! ca.pem                    who signs certificates
//! trust.p12 trust.jks       that, as Java's stores
//! client.p12 client.jks     a client's key and certificate
//! client.pem                the same, the key sealed
//! stranger.pem              a certificate that the server has nothing to do with
//! ```
//!
//! All passwords of stores are `changeit`; the listeners know alice, whose password is `alice-secret`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compat::server::free_port;

/// What a script says to get one.
pub(super) const MARK: &str = "SECURED";

/// Keys and certificates, by the tools that people make theirs with.
const STORES: &str = r#"
store() { keytool -storepass changeit "$@" 2>> keytool.log; }
store -genkeypair -alias ca -keyalg EC -groupname secp256r1 -dname CN=ca -ext bc:c -validity 30 -keystore ca.p12
store -exportcert -rfc -alias ca -keystore ca.p12 > ca.pem
for who in server client; do
  store -genkeypair -alias $who -keyalg RSA -keysize 2048 -dname CN=$who -validity 30 -keystore $who.p12
  store -certreq -alias $who -keystore $who.p12 > $who.csr
  store -gencert -rfc -alias ca -keystore ca.p12 -infile $who.csr -validity 30 -ext san=dns:localhost > $who.crt
  store -importcert -noprompt -alias ca -file ca.pem -keystore $who.p12
  store -importcert -noprompt -alias $who -file $who.crt -keystore $who.p12
done
store -importcert -noprompt -alias ca -file ca.pem -keystore trust.p12
store -importcert -noprompt -alias ca -file ca.pem -keystore trust.jks -storetype JKS
store -importkeystore -srckeystore client.p12 -srcstorepass changeit -destkeystore client.jks -deststoretype JKS
# Java 17 opens no newer seals of PEM keys than this one.
openssl pkcs12 -in client.p12 -passin pass:changeit -nocerts -nodes |
  openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:changeit -out client.key
(cat client.crt; echo; cat client.key) > client.pem
openssl req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -subj /CN=stranger -days 30 -out stranger.pem
"#;

/// Listeners and stores of a run. Dropped, the stores are removed.
pub(super) struct Secured {
    folder: PathBuf,
    sasl: u16,
    tls: u16,
    sasl_tls: u16,
    mutual: u16,
}

impl Secured {
    /// Makes the stores and looks for ports.
    pub(super) fn new() -> Result<Self, String> {
        let (sasl, tls) = (free_port()?, free_port()?);
        let (sasl_tls, mutual) = (free_port()?, free_port()?);
        let name = format!("dohle-stores-{}-{sasl}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let made = Self { folder, sasl, tls, sasl_tls, mutual };
        make_stores(&made.folder)?;
        Ok(made)
    }

    /// What the server is told.
    pub(super) fn settings(&self) -> Vec<String> {
        let Self { sasl, tls, sasl_tls, mutual, folder } = self;
        let secured = format!(
            "SASL_PLAINTEXT://127.0.0.1:{sasl},SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{sasl_tls},\
             MUTUAL://127.0.0.1:{mutual}"
        );
        let advertised = secured.replace("127.0.0.1", "localhost");
        let mut settings = vec![
            format!("listeners=PLAINTEXT://127.0.0.1:@PORT,CONTROLLER://127.0.0.1:@NEXT,{secured}"),
            format!("advertised.listeners=PLAINTEXT://127.0.0.1:@PORT,{advertised}"),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,\
             SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,MUTUAL:SSL"
                .to_owned(),
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER".to_owned(),
            "listener.name.mutual.ssl.client.auth=required".to_owned(),
        ];
        for listener in ["sasl_plaintext", "sasl_ssl"] {
            for (mechanism, module) in [
                ("plain", "plain.PlainLoginModule required user_alice=\"alice-secret\""),
                ("scram-sha-256", "scram.ScramLoginModule required"),
                ("scram-sha-512", "scram.ScramLoginModule required"),
                (
                    "oauthbearer",
                    "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"x\"",
                ),
            ] {
                settings.push(format!(
                    "listener.name.{listener}.{mechanism}.sasl.jaas.config=\
                     org.apache.kafka.common.security.{module};"
                ));
            }
        }
        for (store, file) in [("keystore", "server.p12"), ("truststore", "trust.p12")] {
            settings.push(format!("ssl.{store}.location={}/{file}", folder.display()));
            settings.push(format!("ssl.{store}.password=changeit"));
        }
        settings
    }

    /// A text with the names of this module put in.
    pub(super) fn named(&self, text: &str) -> String {
        let at = |port: u16| format!("localhost:{port}");
        text.replace("@SASL_SSL", &at(self.sasl_tls))
            .replace("@SASL", &at(self.sasl))
            .replace("@SSL", &at(self.tls))
            .replace("@MUTUAL", &at(self.mutual))
            .replace("@STORES", &self.folder.display().to_string())
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        // What is left behind lies in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn make_stores(folder: &Path) -> Result<(), String> {
    let made = Command::new("bash").args(["-euc", STORES]).current_dir(folder).output();
    let made = made.map_err(|e| format!("bash: {e}"))?;
    if made.status.success() {
        return Ok(());
    }
    let log = std::fs::read_to_string(folder.join("keytool.log")).unwrap_or_default();
    Err(format!("no keystores: {}{log}", String::from_utf8_lossy(&made.stderr)))
}
