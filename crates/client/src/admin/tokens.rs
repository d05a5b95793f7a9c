//! Delegation tokens.

use super::Admin;
use crate::Error;
use crate::cluster::To;
use bytes::Bytes;
use dohle_protocol::messages::describe_delegation_token_response::DescribedDelegationToken;
use dohle_protocol::messages::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse, DescribeDelegationTokenRequest,
    ExpireDelegationTokenRequest, RenewDelegationTokenRequest,
};

impl Admin {
    /// Makes a token.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn create_token(
        &self,
        request: &CreateDelegationTokenRequest,
    ) -> Result<CreateDelegationTokenResponse, Error> {
        let made = self.call("createDelegationToken", To::Controller, request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok(answer)
        });
        made.await
    }

    /// Lets the token with this HMAC live on, for so many milliseconds (-1: as the server has it);
    /// the time at which it ends then, in milliseconds since 1970.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn renew_token(&self, hmac: Bytes, period_ms: i64) -> Result<i64, Error> {
        let request = RenewDelegationTokenRequest {
            hmac,
            renew_period_ms: period_ms,
            ..RenewDelegationTokenRequest::default()
        };
        let renewed = self.call("renewDelegationToken", To::Controller, &request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok(answer.expiry_timestamp_ms)
        });
        renewed.await
    }

    /// Lets the token with this HMAC end in so many milliseconds (negative: now); the time at
    /// which it ends then, in milliseconds since 1970.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn expire_token(&self, hmac: Bytes, period_ms: i64) -> Result<i64, Error> {
        let request = ExpireDelegationTokenRequest {
            hmac,
            expiry_time_period_ms: period_ms,
            ..ExpireDelegationTokenRequest::default()
        };
        let expired = self.call("expireDelegationToken", To::Controller, &request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok(answer.expiry_timestamp_ms)
        });
        expired.await
    }

    /// The tokens that a request asks for.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn describe_tokens(
        &self,
        request: &DescribeDelegationTokenRequest,
    ) -> Result<Vec<DescribedDelegationToken>, Error> {
        let described = self.call("describeDelegationToken", To::Any, request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok(answer.tokens)
        });
        described.await
    }
}
