//! What has to be said before a connection can be used: which versions there are, and who we are;
//! and said again before the broker forgets it (KIP-368).

use super::{Connection, Course, Shared, read};
use crate::Error;
use crate::limits::SETUP_TIMEOUT;
use crate::versions::{Versions, newest_stable};
use crate::wait::lock;
use dohle_env::Env;
use dohle_env::clock::Instant;
use dohle_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use dohle_protocol::wire::Request;
use dohle_protocol::{ApiKey, ErrorCode};
use std::sync::Arc;
use std::time::Duration;

/// A connection that is not usable yet: it is asked about itself.
pub(crate) struct Setup<'a> {
    shared: &'a Shared,
    /// The doors.
    pub(crate) env: &'a Env,
    /// What the broker serves.
    pub(crate) versions: &'a Versions,
    /// By then the connection is to be usable.
    pub(crate) deadline: Instant,
}

impl Setup<'_> {
    /// Asks before, or while, nobody else may.
    pub(crate) async fn ask<R: Request>(
        &self,
        version: i16,
        request: &R,
    ) -> Result<R::Response, Error> {
        self.shared.ask(version, request, self.deadline, Course::Setup).await
    }
}

/// Makes a connection usable and keeps it so; a failure ends it.
pub(super) async fn settle(connection: Connection) {
    let shared = connection.shared.clone();
    let (verdict, lifetime) = match shared.set_up().await {
        Ok((versions, lifetime)) => (Ok(versions), lifetime),
        Err(error) => (Err(error), None),
    };
    let failed = verdict.as_ref().err().cloned();
    // Only this task sets it.
    let _set = shared.verdict.set(verdict);
    match failed {
        Some(error) => shared.fail(error),
        None => shared.settled.ring(),
    }
    // It ends when nobody else wants it, session or not.
    drop(connection);
    if let Some(lifetime) = lifetime {
        keep_session(&shared, lifetime).await;
    }
}

/// Says who we are again and again, before each session ends.
async fn keep_session(shared: &Arc<Shared>, mut lifetime: Duration) {
    loop {
        // Java's share of the lifetime: connections made together do not all return together.
        let share = 0.85 + shared.env.random.below(100) as f64 / 1000.0;
        let due = shared.env.clock.now() + lifetime.mul_f64(share);
        if !shared.lasts_until(due).await {
            return;
        }
        let Some(Ok(versions)) = shared.verdict.get() else { return };
        shared.hold();
        match shared.authenticate(versions).await {
            Ok(next) => {
                shared.release();
                let Some(next) = next else { return };
                lifetime = next;
            }
            Err(error) => return shared.fail(error),
        }
    }
}

impl Shared {
    async fn set_up(&self) -> Result<(Versions, Option<Duration>), Error> {
        let deadline = self.env.clock.now() + SETUP_TIMEOUT;
        let mut lifetime = None;
        if self.security.sasl().is_some() {
            // Brokers of before 1.0 take a version that they do not know for a Kerberos token.
            let answer = self.ask_versions_in(0, deadline).await?;
            lifetime = self.authenticate(&Versions::of(&answer)).await?;
        }
        let newest = newest_stable::<ApiVersionsRequest>();
        let versions = Versions::of(&self.ask_versions_in(newest, deadline).await?);
        Ok((versions, lifetime))
    }

    async fn authenticate(&self, versions: &Versions) -> Result<Option<Duration>, Error> {
        let Some(sasl) = self.security.sasl() else { return Ok(None) };
        let deadline = self.env.clock.now() + SETUP_TIMEOUT;
        sasl.authenticate(Setup { shared: self, env: &self.env, versions, deadline }).await
    }

    /// Waits; whether the connection is still there then.
    async fn lasts_until(&self, due: Instant) -> bool {
        let clock = &*self.env.clock;
        loop {
            let count = self.settled.count();
            if lock(&self.mail).failed.is_some() {
                return false;
            }
            if clock.now() >= due {
                return true;
            }
            self.settled.after(count, clock, due).await;
        }
    }

    async fn ask_versions_in(
        &self,
        mut version: i16,
        deadline: Instant,
    ) -> Result<ApiVersionsResponse, Error> {
        let request = ApiVersionsRequest {
            client_software_name: "dohle".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
            ..ApiVersionsRequest::default()
        };
        loop {
            let frame = self.frame_of(version, &request, deadline, Course::Setup).await?;
            // The header has four bytes; a refusal is in version 0, whatever was asked.
            let code = frame.get(4..6).map(|code| i16::from_be_bytes([code[0], code[1]]));
            if code != Some(ErrorCode::UNSUPPORTED_VERSION.0) {
                let answer: ApiVersionsResponse = read(frame, ApiKey::ApiVersions, version)?;
                Error::check(answer.error_code, None)?;
                return Ok(answer);
            }
            let refusal: ApiVersionsResponse = read(frame, ApiKey::ApiVersions, 0)?;
            let offered = Versions::of(&refusal).offered(ApiKey::ApiVersions).unwrap_or((0, 0));
            if offered.1 >= version || offered.1 < 0 {
                return Err(Error::UnsupportedVersion {
                    api: ApiKey::ApiVersions,
                    offered: Some(offered),
                });
            }
            version = offered.1;
        }
    }
}
