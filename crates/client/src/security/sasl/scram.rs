//! SCRAM (RFC 5802, 7677): the password is proved and never sent, and the server proves in turn
//! that it knows it.
//!
//! ```text
//! client  n,,n=USER,r=OURS[,tokenauth=true]
//! server  r=OURS+THEIRS,s=SALT,i=ITERATIONS
//! client  c=biws,r=OURS+THEIRS,p=PROOF
//! server  v=SIGNATURE, or e=ERROR
//! ```

use super::Step;
use crate::limits::SCRAM_ITERATIONS_MAX;
use dohle_protocol::ids::{read_base64, write_base64};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};

/// The hash that SCRAM runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

/// The fewest iterations that Java's client takes: fewer make a stolen proof cheap to guess from.
const ITERATIONS_MIN: u32 = 4096;

impl Hash {
    /// The mechanism's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        const ANY: &str = "HMAC takes keys of any length";
        match self {
            Self::Sha256 => {
                let mac = Hmac::<Sha256>::new_from_slice(key).expect(ANY);
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }
            Self::Sha512 => {
                let mac = Hmac::<Sha512>::new_from_slice(key).expect(ANY);
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Self::Sha256 => {
                pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec()
            }
            Self::Sha512 => {
                pbkdf2::pbkdf2_hmac_array::<Sha512, 64>(password, salt, iterations).to_vec()
            }
        }
    }
}

/// One exchange of a client.
pub(crate) struct Scram {
    hash: Hash,
    password: String,
    nonce: String,
    first_bare: String,
    state: State,
}

enum State {
    Begin,
    First,
    Final { signature: Vec<u8> },
    Done,
}

impl Scram {
    /// An exchange for a user, or with `is_token` for a delegation token's id and HMAC. The nonce
    /// is random and printable.
    pub(crate) fn new(
        hash: Hash,
        (username, password): (&str, &str),
        is_token: bool,
        nonce: String,
    ) -> Self {
        let name = username.replace('=', "=3D").replace(',', "=2C");
        let extensions = if is_token { ",tokenauth=true" } else { "" };
        let first_bare = format!("n={name},r={nonce}{extensions}");
        Self { hash, password: password.to_owned(), nonce, first_bare, state: State::Begin }
    }

    /// Answers what the server said; what it said first is nothing.
    ///
    /// # Errors
    /// Why the server is not to be believed, in the words of Java's client.
    pub(crate) fn next(&mut self, challenge: &[u8]) -> Result<Step, String> {
        let state = std::mem::replace(&mut self.state, State::Done);
        match state {
            State::Begin => {
                self.state = State::First;
                Ok(Step::Say(format!("n,,{}", self.first_bare).into()))
            }
            State::First => {
                let (answer, signature) = self.prove(challenge)?;
                self.state = State::Final { signature };
                Ok(Step::Say(answer.into()))
            }
            State::Final { signature } => self.check(challenge, &signature),
            State::Done => Err("Unexpected challenge in Sasl client state COMPLETE".to_owned()),
        }
    }

    /// The final message, and the signature that the server has to answer with.
    fn prove(&self, challenge: &[u8]) -> Result<(String, Vec<u8>), String> {
        let text = String::from_utf8_lossy(challenge);
        let first = ServerFirst::parse(&text)
            .ok_or_else(|| format!("Invalid SCRAM server first message format: {text}"))?;
        if !first.nonce.starts_with(&self.nonce) {
            return Err("Invalid server nonce: does not start with client nonce".to_owned());
        }
        let (iterations, mechanism) = (first.iterations, self.hash.name());
        if iterations < ITERATIONS_MIN {
            return Err(format!(
                "Requested iterations {iterations} is less than the minimum {ITERATIONS_MIN} for \
                 {mechanism}"
            ));
        }
        if iterations > SCRAM_ITERATIONS_MAX {
            return Err(format!(
                "Requested iterations {iterations} is more than the maximum \
                 {SCRAM_ITERATIONS_MAX} for {mechanism}"
            ));
        }
        let salted = self.hash.salted(self.password.as_bytes(), &first.salt, iterations);
        let unproved = format!("c=biws,r={}", first.nonce);
        let said = format!("{},{text},{unproved}", self.first_bare);
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let mut proof = self.hash.hmac(&self.hash.of(&client_key), said.as_bytes());
        for (byte, key) in proof.iter_mut().zip(&client_key) {
            *byte ^= key;
        }
        let server_key = self.hash.hmac(&salted, b"Server Key");
        let mut answer = format!("{unproved},p=");
        write_base64(&proof, &mut answer);
        Ok((answer, self.hash.hmac(&server_key, said.as_bytes())))
    }

    fn check(&self, challenge: &[u8], expected: &[u8]) -> Result<Step, String> {
        let text = String::from_utf8_lossy(challenge);
        if let Some(error) = text.strip_prefix("e=") {
            let mechanism = self.hash.name();
            return Err(format!(
                "Sasl authentication using {mechanism} failed with error: {error}"
            ));
        }
        let signature = text.split(',').next().and_then(|part| part.strip_prefix("v="));
        let signature = signature
            .and_then(read_base64)
            .ok_or_else(|| format!("Invalid SCRAM server final message format: {text}"))?;
        // What is compared was computed for this exchange alone: its time tells nothing of use.
        if signature != expected {
            return Err("Invalid server signature in server final message".to_owned());
        }
        Ok(Step::Done)
    }
}

struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> ServerFirst<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(',').peekable();
        parts.next_if(|part| part.starts_with("m="));
        let nonce = parts.next()?.strip_prefix("r=")?;
        let salt = read_base64(parts.next()?.strip_prefix("s=")?)?;
        let iterations = parts.next()?.strip_prefix("i=")?.parse().ok()?;
        (!nonce.is_empty() && iterations > 0).then_some(Self { nonce, salt, iterations })
    }
}

#[cfg(test)]
mod tests {
    use super::{Hash, Scram, Step};

    fn said(step: Result<Step, String>) -> String {
        match step {
            Ok(Step::Say(bytes)) => String::from_utf8(bytes.to_vec()).expect("text"),
            Ok(Step::Done) => "done".to_owned(),
            Err(error) => error,
        }
    }

    /// The exchange of RFC 7677, section 3.
    #[test]
    fn an_exchange_of_the_standard() {
        let nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        let mut scram = Scram::new(Hash::Sha256, ("user", "pencil"), false, nonce);
        assert_eq!(said(scram.next(b"")), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                      s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(
            said(scram.next(first)),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        let last = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(said(scram.next(last)), "done");
    }

    #[test]
    fn names_are_escaped_and_tokens_say_that_they_are_tokens() {
        let mut scram = Scram::new(Hash::Sha512, ("a,b=c", "x"), true, "N".to_owned());
        assert_eq!(said(scram.next(b"")), "n,,n=a=2Cb=3Dc,r=N,tokenauth=true");
    }

    /// What a server might say to learn a password, or without knowing it.
    #[test]
    fn servers_that_are_not_believed() {
        let after = |first: &str| {
            let mut scram = Scram::new(Hash::Sha512, ("u", "p"), false, "N".to_owned());
            said(scram.next(b""));
            said(scram.next(first.as_bytes()))
        };
        let few = "Requested iterations 4095 is less than the minimum 4096 for SCRAM-SHA-512";
        assert_eq!(after("r=NX,s=AAAA,i=4095"), few);
        assert!(after("r=NX,s=AAAA,i=2000000000").contains("is more than the maximum"));
        let nonce = "Invalid server nonce: does not start with client nonce";
        assert_eq!(after("r=X,s=AAAA,i=4096"), nonce);
        for first in ["", "x", "r=N", "r=NX,s=?,i=4096", "r=NX,s=AAAA,i=x", "r=NX,s=AAAA,i=0"] {
            let expected = format!("Invalid SCRAM server first message format: {first}");
            assert_eq!(after(first), expected);
        }
        let last = |last: &str| {
            let mut scram = Scram::new(Hash::Sha256, ("u", "p"), false, "N".to_owned());
            said(scram.next(b""));
            said(scram.next(b"r=NX,s=AAAA,i=4096"));
            said(scram.next(last.as_bytes()))
        };
        assert_eq!(last("v=AAAA"), "Invalid server signature in server final message");
        assert_eq!(last("v=?"), "Invalid SCRAM server final message format: v=?");
        let error = "Sasl authentication using SCRAM-SHA-256 failed with error: other-error";
        assert_eq!(last("e=other-error"), error);
    }
}
