// cachediag(logs: 'build.log', failOn: 'error'): in `post { always { … } }`, behind the build.
def call(Map given = [:]) {
    def inputs = [logs: 'build.log', history: "${env.HOME}/cachediag.db", reports: 'cachediag-reports'] + given
    def names = [
        logs: 'CACHEDIAG_LOGS',
        config: 'CACHEDIAG_CONFIG',
        failOn: 'CACHEDIAG_FAIL_ON',
        minHitRate: 'CACHEDIAG_MIN_HIT_RATE',
        mustHit: 'CACHEDIAG_MUST_HIT',
        maxDrop: 'CACHEDIAG_MAX_DROP',
        baseline: 'CACHEDIAG_BASELINE',
        baselineBranch: 'CACHEDIAG_BASELINE_BRANCH',
        ignore: 'CACHEDIAG_IGNORE',
        history: 'CACHEDIAG_HISTORY',
        job: 'CACHEDIAG_JOB',
        leg: 'CACHEDIAG_LEG',
        annotate: 'CACHEDIAG_ANNOTATE',
        reports: 'CACHEDIAG_REPORTS',
        version: 'CACHEDIAG_VERSION',
    ]
    def unknown = inputs.keySet() - names.keySet()
    if (unknown) {
        error "cachediag: no such input: ${unknown.join(', ')}"
    }
    def variables = inputs.collect { name, value -> "${names[name]}=${value instanceof List ? value.join('\n') : value}" }
    withEnv(variables) {
        try {
            sh 'cachediag-judge'
        } finally {
            junit testResults: "${inputs.reports}/junit.xml", allowEmptyResults: true, skipMarkingBuildUnstable: true
            archiveArtifacts artifacts: "${inputs.reports}/**", allowEmptyArchive: true
        }
    }
}
