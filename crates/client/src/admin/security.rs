//! Who may do what, and the credentials of users.

use super::Admin;
use crate::Error;
use crate::cluster::To;
use dohle_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use dohle_protocol::messages::create_acls_request::AclCreation;
use dohle_protocol::messages::delete_acls_request::DeleteAclsFilter;
use dohle_protocol::messages::delete_acls_response::DeleteAclsMatchingAcl;
use dohle_protocol::messages::describe_acls_response::DescribeAclsResource;
use dohle_protocol::messages::describe_user_scram_credentials_request::UserName;
use dohle_protocol::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResult;
use dohle_protocol::messages::{
    AlterUserScramCredentialsRequest, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeUserScramCredentialsRequest,
};
use dohle_protocol::wire::Text;

impl Admin {
    /// The access rules that a filter matches, by resource.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn describe_acls(
        &self,
        filter: DescribeAclsRequest,
    ) -> Result<Vec<DescribeAclsResource>, Error> {
        let described = self.call("describeAcls", To::Any, &filter, |answer| {
            Error::check(answer.error_code, answer.error_message)?;
            Ok(answer.resources)
        });
        described.await
    }

    /// Makes access rules; the first refusal is the call's.
    ///
    /// # Errors
    /// What the broker has against one of them.
    pub async fn create_acls(&self, creations: Vec<AclCreation>) -> Result<(), Error> {
        let request = CreateAclsRequest { creations, ..CreateAclsRequest::default() };
        let made = self.call("createAcls", To::Controller, &request, |answer| {
            let mut results = answer.results.into_iter();
            results.try_for_each(|result| Error::check(result.error_code, result.error_message))
        });
        made.await
    }

    /// Removes the access rules that filters match; those that were removed.
    ///
    /// # Errors
    /// What the broker has against one of them.
    pub async fn delete_acls(
        &self,
        filters: Vec<DeleteAclsFilter>,
    ) -> Result<Vec<DeleteAclsMatchingAcl>, Error> {
        let request = DeleteAclsRequest { filters, ..DeleteAclsRequest::default() };
        let deleted = self.call("deleteAcls", To::Controller, &request, |answer| {
            let mut gone = Vec::new();
            for result in answer.filter_results {
                Error::check(result.error_code, result.error_message)?;
                gone.extend(result.matching_acls);
            }
            Ok(gone)
        });
        deleted.await
    }

    /// The SCRAM credentials of users, without their secrets; `None`: of all users.
    ///
    /// # Errors
    /// What the broker has against all of it.
    pub async fn describe_scram(
        &self,
        users: Option<&[Text]>,
    ) -> Result<Vec<DescribeUserScramCredentialsResult>, Error> {
        let named = |users: &[Text]| {
            let users =
                users.iter().map(|name| UserName { name: name.clone(), ..UserName::default() });
            users.collect()
        };
        let request = DescribeUserScramCredentialsRequest {
            users: users.map(named),
            ..DescribeUserScramCredentialsRequest::default()
        };
        let described = self.call("describeUserScramCredentials", To::Any, &request, |answer| {
            Error::check(answer.error_code, answer.error_message)?;
            Ok(answer.results)
        });
        described.await
    }

    /// Sets and removes SCRAM credentials; the first refusal is the call's.
    ///
    /// # Errors
    /// What the broker has against one of them.
    pub async fn alter_scram(
        &self,
        deletions: Vec<ScramCredentialDeletion>,
        upsertions: Vec<ScramCredentialUpsertion>,
    ) -> Result<(), Error> {
        let request = AlterUserScramCredentialsRequest {
            deletions,
            upsertions,
            ..AlterUserScramCredentialsRequest::default()
        };
        let altered = self.call("alterUserScramCredentials", To::Controller, &request, |answer| {
            let mut results = answer.results.into_iter();
            results.try_for_each(|result| Error::check(result.error_code, result.error_message))
        });
        altered.await
    }
}
