//! The rules: each looks at a whole [`Study`] and says the causes it can prove.
//!
//! A rule does no I/O and knows no CI system, builder or format. To add one: one new file, its
//! `mod` line and its row in [`RULES`].

mod absent_refs;
mod alike;
mod alternating_hits;
mod backend;
mod bake_shared_steps_miss;
mod base_image_drift;
mod branch_value;
mod build_args;
mod build_downloads_dependencies;
mod build_option_changed;
mod buildah_cache_ends_at_arg;
mod buildah_stale_image;
mod buildkite_compose_plugin_v4;
mod cache_access_denied;
mod cache_costs_more_than_it_saves;
mod cache_expired;
mod cache_export_too_large;
mod cache_lost;
mod cache_manifest_too_large;
mod cache_mount_not_persisted;
mod cache_never_found;
mod cache_option_invalid;
mod cache_rate_limited;
mod cache_ref_is_image;
mod cache_ref_mismatch;
mod cache_ref_never_written;
mod cache_ref_per_run;
mod cache_ref_shared;
mod cache_registry_unavailable;
mod cache_repository_missing;
mod cache_saves;
mod cache_tag_immutable;
mod cache_transfer_failed;
mod cached_layer_unreadable;
mod changing_value;
mod ci_cache_client_retired;
mod ci_cache_frozen;
mod ci_cache_local_only;
mod ci_cache_never_restored;
mod ci_cache_rate_limited;
mod ci_cache_restore_failed;
mod ci_cache_save_conflict;
mod ci_cache_service_error;
mod ci_cache_too_large;
mod ci_cache_upload_failed;
mod ci_cache_write_denied;
mod ci_caches;
mod ci_docker_cache_unused_by_buildkit;
mod command_lines;
mod compose_drops_cache_to;
mod context_copied_too_early;
mod dockerfile_at;
mod dockerfile_edited;
mod export_manifest_rejected;
mod export_unsupported_by_driver;
mod export_without_import;
mod failed_before_cache_export;
mod file_mode_drift;
mod gha_export_timeout;
mod gha_service_error;
mod gha_service_retired;
mod gha_signature_refused;
mod gha_tokens_missing;
mod hits_dropped;
mod image_names;
mod image_without_inline_cache;
mod import_without_export;
mod inline_cache_lost_every_second_run;
mod inline_cache_multi_stage;
mod inline_cache_never_exported;
mod installation;
mod instruction;
mod kaniko_stores_under_another_key;
mod layers_disabled;
mod legacy;
mod legacy_cache_from_not_pulled;
mod legacy_cache_from_order;
mod legacy_cache_image_stale;
mod legacy_dockerfile_outside;
mod legacy_multi_stage;
mod legacy_stage_pruned;
mod local_cache_missing;
mod lost_by;
mod manifest_refused;
mod manifests;
mod min_mode_multi_stage;
mod no_cache_flag;
mod no_cache_import;
mod options;
mod package_lists_alone;
mod parallel_steps_share_cache;
mod past;
mod planned;
mod reads;
mod recurring;
mod registry_tls_mismatch;
pub mod remedy;
mod remote_add_changed;
mod stale_cache_ref;
mod study;
#[cfg(test)]
mod testing;
mod unpulled;
mod unstored_stage;
mod volatile_build_arg;

pub use absent_refs::is_absent;
pub use study::Study;

use crate::finding::{Finding, Severity};

/// What a rule is: everything `explain`, `rules`, the README table and other formats print.
#[derive(Debug)]
pub struct RuleMeta {
    /// Names the defect, never the remedy.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Group in listings.
    pub group: &'static str,
    /// The severity it usually has.
    pub severity: Severity,
    /// What it looks for.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// What else looks like it, and how the rule tells them apart.
    pub rules_out: &'static str,
    /// What it cannot see or decide.
    pub limits: &'static str,
    /// Lines of one of its samples as it quotes them: `FILE:LINE  TEXT`, `    ^ what it shows`,
    /// `= title`.
    pub example: &'static str,
    /// Where the facts come from; the first one documents the fix.
    pub references: &'static [&'static str],
    /// Version that introduced it.
    pub since: &'static str,
}

impl RuleMeta {
    /// The page that documents the fix.
    #[must_use]
    pub fn source(&self) -> Option<&'static str> {
        self.references.first().copied()
    }
}

/// One rule.
pub trait Rule: Sync {
    /// What it is.
    fn meta(&self) -> &'static RuleMeta;
    /// The causes it finds, none where there is nothing to say.
    fn check(&self, study: &Study) -> Vec<Finding>;
    /// What its findings explain besides their own lines.
    fn explains(&self) -> &'static [Effect] {
        &[]
    }
    /// What its findings give way to, where both quote a common source: a symptom to its causes, a
    /// weaker reading of the same lines to a stronger one.
    fn gives_way(&self) -> &'static [Cause] {
        &[]
    }
    /// It judges a Dockerfile also where no run shows it: the order of the file is what it is,
    /// whatever becomes of the cache.
    fn judges_files(&self) -> bool {
        false
    }
}

/// What a cause explains in the logs it is found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A run without a hit, which the cause is known by more than.
    ColdRun,
    /// A cache of the CI was not stored, or not read: what was in it is missing in the build.
    LostCiCache,
}

/// What a finding gives way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A finding of this rule.
    Rule(&'static str),
    /// One that explains this.
    Of(Effect),
    /// Any other one.
    Any,
}

/// All rules, group by group, in the order of listings.
pub static RULES: &[&dyn Rule] = &[
    &parallel_steps_share_cache::ParallelStepsShareCache,
    &ci_cache_upload_failed::CiCacheUploadFailed,
    &ci_cache_save_conflict::CiCacheSaveConflict,
    &ci_cache_write_denied::CiCacheWriteDenied,
    &ci_cache_too_large::CiCacheTooLarge,
    &ci_cache_rate_limited::CiCacheRateLimited,
    &ci_cache_service_error::CiCacheServiceError,
    &ci_cache_client_retired::CiCacheClientRetired,
    &ci_cache_restore_failed::CiCacheRestoreFailed,
    &ci_cache_never_restored::CiCacheNeverRestored,
    &ci_cache_frozen::CiCacheFrozen,
    &ci_cache_local_only::CiCacheLocalOnly,
    &ci_docker_cache_unused_by_buildkit::CiDockerCacheUnusedByBuildkit,
    &inline_cache_lost_every_second_run::InlineCacheLostEverySecondRun,
    &inline_cache_never_exported::InlineCacheNeverExported,
    &bake_shared_steps_miss::BakeSharedStepsMiss,
    &cache_ref_shared::CacheRefShared,
    &alternating_hits::AlternatingHits,
    &hits_dropped::HitsDropped,
    &inline_cache_multi_stage::InlineCacheMultiStage,
    &min_mode_multi_stage::MinModeMultiStage,
    &image_without_inline_cache::ImageWithoutInlineCache,
    &buildkite_compose_plugin_v4::BuildkiteComposePluginV4,
    &legacy_multi_stage::LegacyMultiStage,
    &no_cache_import::NoCacheImport,
    &export_without_import::ExportWithoutImport,
    &import_without_export::ImportWithoutExport,
    &cache_expired::CacheExpired,
    &layers_disabled::LayersDisabled,
    &cache_ref_never_written::CacheRefNeverWritten,
    &cache_ref_mismatch::CacheRefMismatch,
    &cache_ref_per_run::CacheRefPerRun,
    &cache_never_found::CacheNeverFound,
    &kaniko_stores_under_another_key::KanikoStoresUnderAnotherKey,
    &failed_before_cache_export::FailedBeforeCacheExport,
    &cache_ref_is_image::CacheRefIsImage,
    &local_cache_missing::LocalCacheMissing,
    &no_cache_flag::NoCacheFlag,
    &gha_tokens_missing::GhaTokensMissing,
    &legacy_cache_from_not_pulled::LegacyCacheFromNotPulled,
    &legacy_cache_from_order::LegacyCacheFromOrder,
    &legacy_cache_image_stale::LegacyCacheImageStale,
    &legacy_stage_pruned::LegacyStagePruned,
    &buildah_cache_ends_at_arg::BuildahCacheEndsAtArg,
    &compose_drops_cache_to::ComposeDropsCacheTo,
    &stale_cache_ref::StaleCacheRef,
    &cache_mount_not_persisted::CacheMountNotPersisted,
    &cache_option_invalid::CacheOptionInvalid,
    &export_unsupported_by_driver::ExportUnsupportedByDriver,
    &export_manifest_rejected::ExportManifestRejected,
    &cache_tag_immutable::CacheTagImmutable,
    &cache_access_denied::CacheAccessDenied,
    &cache_repository_missing::CacheRepositoryMissing,
    &cache_registry_unavailable::CacheRegistryUnavailable,
    &registry_tls_mismatch::RegistryTlsMismatch,
    &cache_rate_limited::CacheRateLimited,
    &cache_export_too_large::CacheExportTooLarge,
    &cache_manifest_too_large::CacheManifestTooLarge,
    &gha_service_retired::GhaServiceRetired,
    &gha_export_timeout::GhaExportTimeout,
    &gha_service_error::GhaServiceError,
    &gha_signature_refused::GhaSignatureRefused,
    &cached_layer_unreadable::CachedLayerUnreadable,
    &cache_transfer_failed::CacheTransferFailed,
    &legacy_dockerfile_outside::LegacyDockerfileOutside,
    &buildah_stale_image::BuildahStaleImage,
    &volatile_build_arg::VolatileBuildArg,
    &build_option_changed::BuildOptionChanged,
    &context_copied_too_early::ContextCopiedTooEarly,
    &build_downloads_dependencies::BuildDownloadsDependencies,
    &package_lists_alone::PackageListsAlone,
    &base_image_drift::BaseImageDrift,
    &remote_add_changed::RemoteAddChanged,
    &file_mode_drift::FileModeDrift,
    &cache_lost::CacheLost,
    &dockerfile_edited::DockerfileEdited,
    &cache_costs_more_than_it_saves::CacheCostsMoreThanItSaves,
];

/// The rule with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|r| r.meta().id == id)
}
