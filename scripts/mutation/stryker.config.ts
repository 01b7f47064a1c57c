/** How `./sla mutate` tests the core: which files, with which tests, and where its report goes. */
export default {
  mutate: [
    'slas/{document,plan,client,window,measures,statistics,judge,capacity,compare}/**/*.ts',
    'slas/prometheus/{downsampling,merging}.ts',
    'slas/alerts/cross-check.ts',
    '!slas/**/*.test.ts',
  ],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'scripts/mutation/vitest.config.ts' },
  // Stryker reads tsconfig.json with the old compiler's API, which TypeScript 7 does not have. Our tsconfig.json
  // needs no rewriting.
  tsconfigFile: 'scripts/mutation/no-tsconfig.json',
  coverageAnalysis: 'perTest',
  // Tables and patterns also affect verdicts, so code that runs at load time is included.
  ignoreStatic: false,
  concurrency: 2,
  // On a busy machine, the initial run, which checks that all tests pass, may take long.
  dryRunTimeoutMinutes: 20,
  // The report keeps its results for files that are not tested this time. Tested files are tested from
  // scratch, because Stryker would not see that a judging case (a YAML file) has changed.
  incremental: true,
  force: true,
  incrementalFile: '.sla/mutation/incremental.json',
  tempDirName: '.sla/mutation/sandbox',
  ignorePatterns: ['/runs', '.sla', 'coverage', 'service/model'],
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: '.sla/mutation/report.html' },
  jsonReporter: { fileName: '.sla/mutation/report.json' },
  thresholds: { high: 95, low: 90, break: 90 },
};
