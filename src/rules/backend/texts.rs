//! Texts that name the cause of an error, in lower case, with their producers.

use super::cause::Cause;

type Row = (Cause, &'static [&'static str]);

/// All parts of a row must be in the text; the first row wins.
pub(super) static TEXTS: &[Row] = &[
    // solver: `error writing layer blob: context canceled` of an export whose build failed.
    (Cause::Canceled, &["context canceled"]),
    // containerd `remotes/docker/fetcher.go`: the manifest is there, and names a blob that is not
    (Cause::LayerUnreadable, &["could not fetch content descriptor ", "from remote: not found"]),
    // go-actions-cache: `This legacy service is shutting down, effective April 15, 2025.`
    (Cause::GhaRetired, &["legacy service is shutting down"]),
    (Cause::GhaRetired, &["gha-cache-sunset"]),
    // BuildKit cache/remotecache/gha: before and after the service is asked
    (Cause::GhaSignature, &["signature verification failed"]),
    (Cause::GhaSignature, &["signing command failed"]),
    // go-actions-cache retry.go
    (Cause::GhaTimeout, &["maximum timeout reached"]),
    // BuildKit control/control.go, client/solve.go; buildx util/buildflags/cache.go
    (Cause::OptionInvalid, &["unsupported compression type"]),
    (Cause::OptionInvalid, &["unknown cache exporter"]),
    (Cause::OptionInvalid, &["unknown cache importer"]),
    (Cause::OptionInvalid, &["cache exporter requires"]),
    (Cause::OptionInvalid, &["cache importer requires"]),
    (Cause::OptionInvalid, &["type required for \""]),
    (Cause::OptionInvalid, &["duplicate cache exports"]),
    (Cause::OptionInvalid, &["multiple cache exports is not supported"]),
    (Cause::OptionInvalid, &["not set for s3 cache"]),
    (Cause::OptionInvalid, &["not set for github actions cache"]),
    (Cause::OptionInvalid, &["is required for azblob cache"]),
    (Cause::OptionInvalid, &["azure storage account url provided is not a valid url"]),
    (Cause::OptionInvalid, &["azblob cache", "no host in request url"]),
    // cmd/buildctl/build: `cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN`
    (Cause::OptionInvalid, &["cache with type ", " requires "]),
    // go-actions-cache token.go, golang-jwt: what was given as the token is none, and nobody was
    // asked
    (Cause::OptionInvalid, &["token is malformed"]),
    (Cause::OptionInvalid, &["token is unverifiable"]),
    (Cause::OptionInvalid, &["token contains an invalid number of segments"]),
    (Cause::OptionInvalid, &["invalid token without access controls"]),
    (Cause::OptionInvalid, &["failed to parse token access controls"]),
    // S3: the bucket is in another region
    (Cause::OptionInvalid, &["authorizationheadermalformed"]),
    (Cause::OptionInvalid, &["api error permanentredirect"]),
    (Cause::OptionInvalid, &["api error movedpermanently"]),
    (Cause::OptionInvalid, &["incorrect region"]),
    // buildah: each layer has a tag of its own
    (Cause::OptionInvalid, &["repository must contain neither a tag nor digest"]),
    // go-containerregistry pkg/name/check.go: `REPOSITORY:TAG`, where kaniko adds a tag of its own
    (Cause::OptionInvalid, &["getting tag for destination: repository can only contain"]),
    // kaniko cmd/executor/cmd/root.go: `cache flags invalid: if using cache with --no-push, …`
    (Cause::OptionInvalid, &["cache flags invalid"]),
    // S3, Azure: there is no such bucket or container
    (Cause::RepositoryMissing, &["nosuchbucket"]),
    (Cause::RepositoryMissing, &["specified bucket does not exist"]),
    (Cause::RepositoryMissing, &["containernotfound"]),
    (Cause::RepositoryMissing, &["specified container does not exist"]),
    (Cause::OptionInvalid, &["invalid configuration for remote cache"]),
    (Cause::OptionInvalid, &["failed to parse oci-mediatypes"]),
    (Cause::OptionInvalid, &["failed to parse image-manifest"]),
    // distribution/reference: quotation marks or blanks in a reference, upper case
    (Cause::OptionInvalid, &["invalid reference format"]),
    // buildx build/opt.go, ≥0.12: `Cache export is not supported for the docker driver.`,
    // before: `cache export feature is currently not supported for docker driver.`
    (Cause::DriverUnsupported, &["cache export", "not supported for", "driver"]),
    // BuildKit client/ociindex, containerd plugins/content/local:
    // `rename DIR/ingest/0a/data DIR/blobs/sha256/00: …`
    (Cause::Crowded, &["could not lock ", "/index.json.lock"]),
    (Cause::Crowded, &["rename ", "/ingest/", "/blobs/", "no such file or directory"]),
    // containerd plugins/content/local: the client may not write `dest`
    (Cause::Other, &["mkdir ", "/ingest: "]),
    // S3 of other makers: they do not take what Amazon's client sends for a checksum
    (Cause::Other, &["aws chunked encoding not supported"]),
    (Cause::Other, &["xamzcontentsha256mismatch"]),
    // S3 joins the parts of a large object only if each has the checksum that it was sent with
    (Cause::Other, &["api error invalidpart"]),
    // MinIO `cmd/api-errors.go`, with the code AccessDenied: a header that was signed did not arrive
    (Cause::Other, &["headers present in the request which were not signed"]),
    // S3 refuses a request that is dated more than 15 minutes off its own clock
    (Cause::Other, &["requesttimetooskewed"]),
    // cache/remotecache/azblob/exporter.go: five minutes for each layer
    (Cause::Other, &["failed to upload blob ", "context deadline exceeded"]),
    // distribution-spec errors: the upload that was begun
    (Cause::Other, &["blob upload unknown"]),
    (Cause::Other, &["blob_upload_unknown"]),
    // Harbor src/server/middleware/immutable: the only 412 to an upload
    (Cause::TagImmutable, &["put request", "/manifests/", ": 412 precondition failed"]),
    // docker/cli before 23, docker-compose before 2: no such option
    (Cause::OptionInvalid, &["unknown flag: --cache-"]),
    // net/http, crypto/x509
    (Cause::Tls, &["server gave http response to https client"]),
    (Cause::Tls, &["client sent an http request to an https server"]),
    (Cause::Tls, &["x509:"]),
    (Cause::Tls, &["first record does not look like a tls handshake"]),
    // cache/remotecache/import.go readBlob: `blob sha256:… is too large (1200000 > 1048576)`
    (Cause::ManifestTooLarge, &["blob ", " is too large (", "> 1048576"]),
    (Cause::RateLimited, &["toomanyrequests"]),
    // ghcr.io, with 403: `You have exceeded a secondary rate limit`
    (Cause::RateLimited, &["rate limit"]),
    (Cause::RateLimited, &["responded with 429"]),
    // Amazon S3, with 503.
    (Cause::RateLimited, &["api error slowdown"]),
    (Cause::RateLimited, &["requestblockedexception"]),
    (Cause::RateLimited, &["request was blocked due to exceeding usage"]),
    (Cause::TagImmutable, &["immutable"]),
    (Cause::TagImmutable, &["imagetagalreadyexists"]),
    (Cause::UploadTooLarge, &["request entity too large"]),
    // Harbor src/pkg/quota: `denied: adding 1 GiB of storage resource, which when updated to
    // current usage of 9 GiB will exceed the configured upper limit of 10 GiB`, before 2.0 `Quota
    // exceeded when processing the request of …`
    (Cause::QuotaUsedUp, &["storage resource", "will exceed the configured upper limit"]),
    (Cause::QuotaUsedUp, &["quota exceeded when processing the request"]),
    // Quay data/model/namespacequota.py: `denied: Quota has been exceeded on namespace`; GitLab,
    // Gitea, DigitalOcean
    (Cause::QuotaUsedUp, &["quota has been exceeded"]),
    (Cause::QuotaUsedUp, &["quota_exceeded"]),
    (Cause::QuotaUsedUp, &["storage", "quota"]),
    (Cause::QuotaUsedUp, &["over quota"]),
    // DigitalOcean: `denied: registry contains 1 repositories, limit is 1`
    (Cause::QuotaUsedUp, &["registry contains ", " repositories, limit is "]),
    // BuildKit session/manager.go: the client is gone, and with it what it knows of log-ins.
    (Cause::Other, &["no active session"]),
    // BuildKit ≥0.30 prints the registry's code and message instead of the status
    // (distribution-spec errors)
    (Cause::ManifestRejected, &["error writing manifest blob", ": manifest invalid"]),
    (Cause::ManifestRejected, &["error writing manifest blob", "manifest_invalid"]),
    (Cause::ManifestRejected, &["error writing manifest blob", ": unsupported"]),
    (Cause::ManifestRejected, &["error writing manifest blob", "unsupported media type"]),
    // distribution-spec errors, as registries and go-containerregistry write them
    (Cause::NotFound, &["name_unknown"]),
    (Cause::NotFound, &["name unknown"]),
    // go-actions-cache cache_v2.go
    (Cause::GhaService, &["failed to reserve cache"]),
    (Cause::GhaService, &["failed to commit cache"]),
    (Cause::GhaService, &["error committing cache"]),
    (Cause::GhaService, &["cache token expired"]),
    (Cause::GhaService, &["no scope with write permission"]),
    // GitHub's front: the error of a service that is down, whatever kind of cache the builder
    // names.
    (Cause::GhaService, &["githubstatus.com"]),
    // net/http, of a proxy that was asked for a tunnel: the registry was never reached
    (Cause::Unavailable, &["proxy authentication required"]),
    // docker-credential-helpers client/client.go: `error getting credentials - err: exec: \
    // "docker-credential-ecr-login": executable file not found in $PATH, out: `` `
    (Cause::AccessDenied, &["error getting credentials - err"]),
    // containerd remotes/docker/authorizer.go, registries' own words
    (Cause::AccessDenied, &["insufficient_scope"]),
    (Cause::AccessDenied, &["no basic auth credentials"]),
    (Cause::AccessDenied, &["access denied"]),
    (Cause::AccessDenied, &["accessdenied"]),
    (Cause::AccessDenied, &["authorization failed"]),
    // containers/image docker/errors.go
    (Cause::AccessDenied, &["authentication required"]),
    // go-containerregistry transport/error.go, code and message:
    // `UNAUTHORIZED: authentication required; [map[…]]`
    (Cause::AccessDenied, &["unauthorized: "]),
    // AWS and Azure: the credentials that were given are refused
    (Cause::AccessDenied, &["invalidaccesskeyid"]),
    (Cause::AccessDenied, &["signaturedoesnotmatch"]),
    (Cause::AccessDenied, &["expiredtoken"]),
    (Cause::AccessDenied, &["api error invalidtoken"]),
    (Cause::AccessDenied, &["authorizationfailure"]),
    (Cause::AccessDenied, &["authenticationfailed"]),
    (Cause::AccessDenied, &["authorizationpermissionmismatch"]),
    // AWS and Azure SDKs without credentials
    (Cause::AccessDenied, &["failed to refresh cached credentials"]),
    (Cause::AccessDenied, &["static credentials are empty"]),
    (Cause::AccessDenied, &["failed to create default azure credentials"]),
    (Cause::AccessDenied, &["failed to acquire a token"]),
    // net/http, net
    (Cause::Unavailable, &["connection refused"]),
    (Cause::Unavailable, &["connection reset"]),
    (Cause::Unavailable, &["broken pipe"]),
    (Cause::Unavailable, &["i/o timeout"]),
    (Cause::Unavailable, &["connection timed out"]),
    (Cause::Unavailable, &["deadline exceeded"]),
    (Cause::Unavailable, &["handshake timeout"]),
    (Cause::Unavailable, &["client.timeout exceeded"]),
    (Cause::Unavailable, &["request canceled while waiting for connection"]),
    (Cause::Unavailable, &["no such host"]),
    (Cause::Unavailable, &["server misbehaving"]),
    (Cause::Unavailable, &["no route to host"]),
    (Cause::Unavailable, &["network is unreachable"]),
    (Cause::Unavailable, &["closed network connection"]),
    (Cause::Unavailable, &["read on closed response body"]),
    (Cause::Unavailable, &["server closed idle connection"]),
    (Cause::Unavailable, &["http2: transport received server's graceful shutdown"]),
    // golang.org/x/net/http2: the registry, or a proxy before it, ends the connection
    (Cause::Unavailable, &["server sent goaway"]),
    (Cause::Unavailable, &["stream error: stream id"]),
    (Cause::Unavailable, &["http2: client connection"]),
];
