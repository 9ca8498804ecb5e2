//! What S3 and Azure answer to credentials that reached them, and what to do.

use crate::finding::Fix;
use crate::rules::backend::{self, Refusal};

/// Azure's storage turns a network away before it looks at the key: `403 This request is not
/// authorized to perform this operation.`, `ERROR CODE: AuthorizationFailure`
/// (<https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes>).
const NETWORK: &str = "not authorized to perform this operation.";

/// What it means, by the code in the answer; the first row wins.
const ANSWERS: [(&str, &str); 8] = [
    ("InvalidAccessKeyId", "does not know the access key that was given"),
    (
        "SignatureDoesNotMatch",
        "refuses the secret that was given: it does not belong to the access key",
    ),
    ("ExpiredToken", "refuses the session token that was given: it has expired"),
    ("InvalidToken", "refuses the session token that was given"),
    (
        "AuthorizationPermissionMismatch",
        "knows the account that was given, but the account has no permission on the blobs",
    ),
    (
        NETWORK,
        "rejects the request, usually because of the network it comes from: the storage account's \
            firewall allows only some",
    ),
    // Other makers' storage says so of a wrong key.
    ("Server failed to authenticate", "refuses the account's name or key that was given"),
    ("AuthenticationFailed", "refuses the account's name or key that was given"),
];

/// What completes `The S3 bucket …`.
pub(super) fn answer(group: &[Refusal]) -> Option<&'static str> {
    let meaning = |refusal: &Refusal| {
        let said = refusal.said();
        ANSWERS.iter().find(|(code, _)| said.contains(code)).map(|(_, words)| *words)
    };
    group.iter().find_map(meaning)
}

/// The credentials of S3 and Azure reach the builder as attributes, or lie where it runs.
pub(super) fn fix(kind: &str, group: &[Refusal]) -> Fix {
    let place = backend::place(kind);
    if group.iter().any(|refusal| refusal.said().contains(NETWORK)) {
        return of_network(place);
    }
    let (given, environment) = match kind {
        "azblob" => (
            "`account_url`, `account_name` and `secret_access_key`",
            "BUILDKIT_AZURE_STORAGE_ACCOUNT_URL, and the AZURE_ variables of a managed identity",
        ),
        _ => (
            "`access_key_id`, `secret_access_key` and `session_token`",
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
    };
    Fix {
        summary: format!("give the builder credentials that {place} accepts"),
        steps: vec![
            format!("Check {given} of the cache options, and that they have not expired."),
            format!(
                "Where they come from the environment, set it for the client ({environment}): a \
                    builder in a container does not see the host's files and roles."
            ),
            format!("Give that account the right to list, read and write in {place}."),
        ],
        ..Fix::default()
    }
}

fn of_network(place: &str) -> Fix {
    Fix {
        summary: "allow the builder's network in the storage account's firewall, or check its \
            permissions"
            .to_owned(),
        steps: vec![
            "Look at Networking in the storage account: if only selected networks are allowed, add \
                the runner's, or build on a machine inside one of them."
                .to_owned(),
            format!(
                "If every network is allowed, check what the account or SAS token may do: it has \
                    to list, read and write in {place}."
            ),
        ],
        ..Fix::default()
    }
}
