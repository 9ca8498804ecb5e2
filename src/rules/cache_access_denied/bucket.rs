//! What S3 and Azure answer to credentials that reached them, and what to do.

use crate::finding::Fix;
use crate::rules::backend::{self, Refusal};

/// Azure's storage turns a network away before it looks at the key: `403 This request is not
/// authorized to perform this operation.`, `ERROR CODE: AuthorizationFailure`
/// (<https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes>).
const NETWORK: &str = "not authorized to perform this operation.";

/// `operation error STS: AssumeRoleWithWebIdentity, … Not authorized to perform
/// sts:AssumeRoleWithWebIdentity`
const ASSUMED: &str = "Not authorized to perform sts:AssumeRole";
/// `failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: …`
const NO_MACHINE: &str = "no EC2 IMDS role found";
/// aws-sdk-go-v2 `credentials/static_provider.go`
const NO_KEY: &str = "static credentials are empty";
/// `api error AccessDenied: User: arn:aws:iam::1:user/ci is not authorized to perform:
/// kms:GenerateDataKey on resource: …`
const KMS: &str = "is not authorized to perform: kms:";
/// Google's front, and proxies like Cloudflare, rewrite a header that Amazon's client signs
/// (`moby/buildkit` issue 3749).
const SIGNATURE: &str = "SignatureDoesNotMatch";

/// What it means, by the code in the answer; the first row wins.
const ANSWERS: [(&str, &str); 13] = [
    ("InvalidAccessKeyId", "does not know the access key that was given"),
    (
        SIGNATURE,
        "refuses the signature of the request: the secret does not belong to the access key, or a \
            proxy changed the request",
    ),
    ("ExpiredToken", "refuses the session token that was given: it has expired"),
    ("InvalidToken", "refuses the session token that was given"),
    (
        ASSUMED,
        "was not asked: AWS does not let this job assume the role, because the role's trust \
            policy does not name it",
    ),
    (NO_MACHINE, "was not asked: the builder found no credentials, and no role of its machine"),
    (NO_KEY, "was not asked: the builder found no credentials"),
    (
        KMS,
        "knows the account that was given, but the account may not use the KMS key that the \
            bucket is encrypted with",
    ),
    (
        "is not authorized to perform: s3:",
        "knows the account that was given, but the account lacks the permission that the line \
            quoted names",
    ),
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

/// Nothing was sent to the bucket.
pub(super) fn is_unasked(group: &[Refusal]) -> bool {
    let before = |refusal: &Refusal| {
        let said = refusal.said();
        [ASSUMED, NO_MACHINE, NO_KEY].iter().any(|words| said.contains(words))
    };
    group.iter().all(before)
}

/// The credentials of S3 and Azure reach the builder as attributes, or lie where it runs.
pub(super) fn fix(kind: &str, group: &[Refusal]) -> Fix {
    let place = backend::place(kind);
    if group.iter().any(|refusal| refusal.said().contains(NETWORK)) {
        return of_network(place);
    }
    if let Some(fix) = certain(group) {
        return fix;
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
        ]
        .into_iter()
        .chain(more(group))
        .collect(),
        ..Fix::default()
    }
}

/// What to do instead where the answer leaves no doubt: the words of it, a summary and one step.
const CERTAIN: [(&str, &str, &str); 2] = [
    (
        KMS,
        "let the account use the KMS key of the bucket",
        "Give the account `kms:GenerateDataKey` and `kms:Decrypt` on the bucket's key, in its own \
            policy and in the key's.",
    ),
    (
        ASSUMED,
        "correct the trust policy of the role",
        "Provider, audience and subject in the trust policy must be those of this job's token: on \
            GitHub `repo:OWNER/REPO:ref:refs/heads/BRANCH`, and the job needs the \
            permission `id-token`, set to write.",
    ),
];

fn certain(group: &[Refusal]) -> Option<Fix> {
    let said = |words: &str| group.iter().all(|refusal| refusal.said().contains(words));
    let (_, summary, step) = CERTAIN.iter().find(|(words, ..)| said(words))?;
    Some(Fix { summary: (*summary).to_owned(), steps: vec![(*step).to_owned()], ..Fix::default() })
}

/// What to do beside, by the words of the answer.
const MORE: [(&str, &str); 2] = [
    (
        NO_MACHINE,
        "On EC2 a container reaches the machine's role only over a second network hop: set \
            `--http-put-response-hop-limit 2` with `aws ec2 modify-instance-metadata-options`, or \
            create the builder with `--driver-opt network=host`.",
    ),
    (
        SIGNATURE,
        "Where key and secret are right: Google Cloud Storage, and proxies such as Cloudflare, \
            rewrite `Accept-Encoding`, which is signed. A current BuildKit leaves it out with \
            `disable_accept_encoding=true` in the cache option.",
    ),
];

fn more(group: &[Refusal]) -> impl Iterator<Item = String> {
    let said = |words: &str| group.iter().any(|refusal| refusal.said().contains(words));
    MORE.iter().filter(move |(words, _)| said(words)).map(|(_, step)| (*step).to_owned())
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
